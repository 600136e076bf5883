import { z } from 'zod';
import { inOrganization, type Operation } from './operation';
import { displayText, unixSeconds, uuid } from './scalars';
import { onTheWire } from './wire-schema';

const minPasswordLength = 12;
const maxPasswordLength = 1024;
const maxEmailLength = 254;
const maxInvitationSeconds = 30 * 86_400;
const defaultInvitationSeconds = 7 * 86_400;

const role = z.enum(['owner', 'manager', 'viewer']);
// One pattern for the server and the document: what is a valid address is otherwise everybody's own opinion.
const emailPattern = /^[A-Za-z0-9_+-]+([.'][A-Za-z0-9_+-]+)*@([A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}$/;
const email = onTheWire(
  z
    .string()
    .trim()
    .max(maxEmailLength)
    .pipe(z.email({ pattern: emailPattern, error: 'must be an e-mail address' })),
  {
    type: 'string',
    pattern: emailPattern.source,
    maxLength: maxEmailLength,
    examples: ['ada@example.org'],
  },
);
const newPassword = z
  .string()
  .min(minPasswordLength, `must have at least ${String(minPasswordLength)} characters`)
  .max(maxPasswordLength);

const organization = z
  .object({
    id: z.uuid(),
    name: z.string(),
    currency: z.string().describe('ISO 4217.'),
    created_at: unixSeconds,
  })
  .meta({ id: 'Organization' });

const user = z
  .object({
    id: z.uuid(),
    email: z.string(),
    display_name: z.string(),
    role,
    created_at: unixSeconds,
  })
  .meta({ id: 'User', description: 'A member of an organization.' });

const invitation = z
  .object({
    id: z.uuid(),
    email: z.string(),
    role,
    created_by: z.uuid().nullable(),
    created_at: unixSeconds,
    expires_at: unixSeconds,
  })
  .meta({ id: 'Invitation' });

const person = { email, display_name: displayText, password: newPassword };

/** Organizations, their users, and signing in. */
export const identityOperations = {
  createOrganization: {
    operationId: 'createOrganization',
    method: 'POST',
    path: '/restapi/v2/organizations',
    summary: 'Creates an organization with its first owner',
    creates: 'organization_id',
    access: 'cluster-secret',
    errors: ['metadata-unavailable', 'overloaded', 'user-exists'],
    status: 201,
    body: z.strictObject({
      name: displayText,
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')
        .default('USD'),
      owner: z.strictObject(person),
    }),
    response: organization.extend({ owner: user }),
  },
  listOrganizations: {
    operationId: 'listOrganizations',
    method: 'GET',
    path: '/restapi/v2/organizations',
    summary: 'The organizations of the caller, with the caller’s role in each',
    access: 'signed-in',
    status: 200,
    query: z.strictObject({}),
    response: z.object({ organizations: z.array(organization.extend({ role })) }),
  },
  getOrganization: {
    operationId: 'getOrganization',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id',
    summary: 'One organization',
    access: 'organization:read',
    scope: inOrganization,
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z.strictObject({}),
    response: organization,
  },
  createUser: {
    operationId: 'createUser',
    method: 'POST',
    path: '/restapi/v2/organizations/:organization_id/users',
    summary: 'Creates a user with a role in the organization',
    creates: 'user_id',
    access: 'users:write',
    scope: inOrganization,
    errors: ['overloaded', 'user-exists'],
    status: 201,
    params: z.object({ organization_id: uuid }),
    body: z.strictObject({ ...person, role }),
    response: user,
  },
  listUsers: {
    operationId: 'listUsers',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id/users',
    summary: 'The users of the organization',
    access: 'users:read',
    scope: inOrganization,
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z.strictObject({}),
    response: z.object({ users: z.array(user) }),
  },
  updateUser: {
    operationId: 'updateUser',
    method: 'PATCH',
    path: '/restapi/v2/organizations/:organization_id/users/:user_id',
    summary: 'Gives a user another role in the organization, which keeps at least one owner',
    access: 'users:write',
    scope: inOrganization,
    errors: ['last-owner', 'members-busy'],
    status: 200,
    params: z.object({ organization_id: uuid, user_id: uuid }),
    body: z.strictObject({ role }),
    response: user,
  },
  removeUser: {
    operationId: 'removeUser',
    method: 'DELETE',
    path: '/restapi/v2/organizations/:organization_id/users/:user_id',
    summary: 'Takes a user out of the organization, which keeps at least one owner',
    description: 'The tokens of the user are of no use in the organization from this moment on.',
    access: 'users:write',
    scope: inOrganization,
    errors: ['last-owner', 'members-busy'],
    status: 204,
    params: z.object({ organization_id: uuid, user_id: uuid }),
    query: z.strictObject({}),
    response: z.undefined(),
  },
  createInvitation: {
    operationId: 'createInvitation',
    method: 'POST',
    path: '/restapi/v2/organizations/:organization_id/invitations',
    summary: 'Invites somebody by e-mail address; answers what accepts the invitation, this once',
    creates: 'invitation_id',
    description: 'Nothing is sent: hand `invitation_token` over yourself. Who accepts chooses the password.',
    access: 'users:write',
    scope: inOrganization,
    status: 201,
    params: z.object({ organization_id: uuid }),
    body: z.strictObject({
      email,
      role,
      expires_in_seconds: z.int().min(3600).max(maxInvitationSeconds).default(defaultInvitationSeconds),
    }),
    response: invitation.extend({ invitation_token: z.string() }),
  },
  listInvitations: {
    operationId: 'listInvitations',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id/invitations',
    summary: 'The invitations that can still be accepted',
    access: 'users:read',
    scope: inOrganization,
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z.strictObject({}),
    response: z.object({ invitations: z.array(invitation) }),
  },
  revokeInvitation: {
    operationId: 'revokeInvitation',
    method: 'DELETE',
    path: '/restapi/v2/organizations/:organization_id/invitations/:invitation_id',
    summary: 'Takes an invitation back',
    access: 'users:write',
    scope: inOrganization,
    status: 204,
    params: z.object({ organization_id: uuid, invitation_id: uuid }),
    query: z.strictObject({}),
    response: z.undefined(),
  },
  acceptInvitation: {
    operationId: 'acceptInvitation',
    method: 'POST',
    path: '/restapi/v2/invitations/accept',
    summary: 'Accepts an invitation: makes the user, or proves by the password that it is there already',
    access: 'public',
    errors: [
      'already-member',
      'invalid-credentials',
      'invitation-invalid',
      'members-busy',
      'metadata-unavailable',
      'overloaded',
      'sign-in-throttled',
      'user-exists',
    ],
    status: 201,
    body: z.strictObject({
      invitation_token: z.string().min(1).max(200),
      display_name: displayText,
      password: newPassword,
    }),
    response: user.extend({ organization_id: z.uuid() }),
  },
  createToken: {
    operationId: 'createToken',
    method: 'POST',
    path: '/restapi/v2/tokens',
    summary: 'Signs in: exchanges an e-mail address and a password for a token',
    access: 'public',
    errors: ['invalid-credentials', 'metadata-unavailable', 'overloaded', 'sign-in-throttled'],
    status: 201,
    body: z.strictObject({
      email: z
        .string()
        .min(1)
        .max(maxEmailLength)
        .meta({ examples: ['ada@example.org'] }),
      password: z.string().min(1).max(maxPasswordLength),
    }),
    response: z.object({ token: z.string(), expires_at: unixSeconds, user_id: z.uuid() }),
  },
  revokeCurrentToken: {
    operationId: 'revokeCurrentToken',
    method: 'DELETE',
    path: '/restapi/v2/tokens/current',
    summary: 'Signs out: revokes the token of this request at once',
    access: 'signed-in',
    status: 204,
    query: z.strictObject({}),
    response: z.undefined(),
  },
} as const satisfies Readonly<Record<string, Operation>>;
