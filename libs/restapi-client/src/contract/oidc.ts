import { z } from 'zod';
import { inOrganization, type Operation } from './operation';
import { printableText, unixSeconds, uuid } from './scalars';

const maxTokenLength = 32_768;
const maxTextLength = 4096;
const maxGroupRoles = 200;
const maxGroupLength = 500;

const providerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .meta({ examples: ['corporate'] });
const role = z.enum(['owner', 'manager', 'viewer']);

const groupRole = z
  .strictObject({
    provider: providerName,
    group: printableText(maxGroupLength),
    role,
  })
  .meta({ id: 'GroupRole', description: 'People of this group of the identity provider have this role.' });

const groupRoles = z.object({ group_roles: z.array(groupRole) });
const signedIn = z.object({ token: z.string(), expires_at: unixSeconds, user_id: z.uuid() });
const idToken = z
  .string()
  .min(1)
  .max(maxTokenLength)
  .meta({ examples: ['eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl'] });
const nonce = z.string().min(1).max(maxTextLength).optional().describe('What the ID token has to carry as its nonce.');

/** What the schemas cannot say of what is sent: the installation has its own providers. */
export const oidcRules = {
  provider: 'is no identity provider of this installation, or not for this organization',
  redirectUri: 'is not an address that the operator has listed for the provider',
} as const;
const providerRules = [oidcRules.provider];

const signInErrors = [
  'identity-email-unverified',
  'identity-link-required',
  'identity-linked-already',
  'identity-provider-unavailable',
  'identity-refused',
  'identity-without-access',
  'members-busy',
  'metadata-unavailable',
  'overloaded',
  'sign-in-throttled',
  'user-exists',
] as const;

/** Signing in at an identity provider (OpenID Connect), and which of its groups have which role. */
export const oidcOperations = {
  listOidcProviders: {
    operationId: 'listOidcProviders',
    method: 'GET',
    path: '/restapi/v2/oidc_providers',
    summary: 'Where people can sign in',
    access: 'public',
    status: 200,
    query: z.strictObject({}),
    response: z.object({
      oidc_providers: z.array(
        z.object({
          name: providerName,
          display_name: z.string(),
          issuer: z.string(),
          client_id: z.string(),
          scope: z.string(),
        }),
      ),
    }),
  },
  createOidcAuthorization: {
    operationId: 'createOidcAuthorization',
    method: 'POST',
    path: '/restapi/v2/oidc_authorizations',
    summary: 'Begins a sign-in by authorization code: answers where to send the browser',
    description:
      'With PKCE, `state` and `nonce`. Keep `transaction` where only this browser has it (`sessionStorage`), and send it ' +
      'with what the provider adds to `redirect_uri` to `POST /restapi/v2/tokens/authorization_code`.',
    access: 'public',
    errors: ['identity-provider-unavailable'],
    rules: [oidcRules.provider, oidcRules.redirectUri],
    status: 201,
    body: z.strictObject({
      provider: providerName,
      redirect_uri: z
        .string()
        .max(maxTextLength)
        .describe('One of those that the operator has listed for the provider, to the letter.'),
    }),
    response: z.object({ authorization_url: z.string(), transaction: z.string(), expires_at: unixSeconds }),
  },
  createTokenFromCode: {
    operationId: 'createTokenFromCode',
    method: 'POST',
    path: '/restapi/v2/tokens/authorization_code',
    summary: 'Signs in: ends what createOidcAuthorization has begun',
    access: 'public',
    errors: signInErrors,
    status: 201,
    body: z.strictObject({
      transaction: z.string().min(1).max(maxTokenLength),
      code: z.string().min(1).max(maxTextLength),
      state: z.string().min(1).max(maxTextLength),
      iss: z.string().min(1).max(maxTextLength).optional().describe('As the provider has sent it (RFC 9207).'),
    }),
    response: signedIn,
  },
  createTokenFromIdToken: {
    operationId: 'createTokenFromIdToken',
    method: 'POST',
    path: '/restapi/v2/tokens/id_token',
    summary: 'Signs in: exchanges an ID token of an identity provider for a token',
    description:
      'For applications and command lines that have signed the person in themselves. Access tokens are not taken: they ' +
      'say what a client may do, not who is there.',
    access: 'public',
    errors: signInErrors,
    rules: providerRules,
    status: 201,
    body: z.strictObject({ provider: providerName, id_token: idToken, nonce }),
    response: signedIn,
  },
  linkIdentity: {
    operationId: 'linkIdentity',
    method: 'POST',
    path: '/restapi/v2/users/me/identities',
    summary: 'Links the own user to an identity of a provider: who has both signs in with either from now on',
    access: 'session',
    errors: ['identity-linked-already', 'identity-provider-unavailable', 'identity-refused', 'sign-in-throttled'],
    rules: providerRules,
    status: 204,
    body: z.strictObject({ provider: providerName, id_token: idToken, nonce }),
    response: z.undefined(),
  },
  getGroupRoles: {
    operationId: 'getGroupRoles',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id/group_roles',
    summary: 'Which groups of identity providers have which role',
    access: 'users:read',
    scope: inOrganization,
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z.strictObject({}),
    response: groupRoles,
  },
  setGroupRoles: {
    operationId: 'setGroupRoles',
    method: 'PUT',
    path: '/restapi/v2/organizations/:organization_id/group_roles',
    summary: 'Replaces which groups of identity providers have which role',
    description:
      'Roles follow from it when a person signs in: of several groups the most powerful role, of none no longer any. ' +
      'Roles that were given by hand stay.',
    access: 'users:write',
    scope: inOrganization,
    status: 200,
    params: z.object({ organization_id: uuid }),
    body: z.strictObject({ group_roles: z.array(groupRole).max(maxGroupRoles) }),
    rules: providerRules,
    example: { body: { group_roles: [] } },
    response: groupRoles,
  },
} as const satisfies Readonly<Record<string, Operation>>;
