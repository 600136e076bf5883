import { z } from 'zod';
import { inOrganization, type Operation } from './operation';
import { displayText, unixSeconds, uuid } from './scalars';

const minPasswordLength = 12;
const maxPasswordLength = 1024;
const maxEmailLength = 254;

const role = z.enum(['owner', 'manager', 'viewer']);
const email = z.string().trim().max(maxEmailLength).pipe(z.email('must be an e-mail address'));
const newPassword = z
  .string()
  .min(minPasswordLength, `must have at least ${String(minPasswordLength)} characters`)
  .max(maxPasswordLength);

const organization = z.object({
  id: z.uuid(),
  name: z.string(),
  /** ISO 4217. */
  currency: z.string(),
  created_at: unixSeconds,
});

const user = z.object({
  id: z.uuid(),
  email: z.string(),
  display_name: z.string(),
  role,
  created_at: unixSeconds,
});

const person = { email, display_name: displayText, password: newPassword };

/** Organizations, their users, and signing in. */
export const identityOperations = {
  createOrganization: {
    operationId: 'createOrganization',
    method: 'POST',
    path: '/restapi/v2/organizations',
    summary: 'Creates an organization with its first owner',
    access: 'cluster-secret',
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
    access: 'users:write',
    scope: inOrganization,
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
  createToken: {
    operationId: 'createToken',
    method: 'POST',
    path: '/restapi/v2/tokens',
    summary: 'Signs in: exchanges an e-mail address and a password for a token',
    access: 'public',
    status: 201,
    body: z.strictObject({
      email: z.string().min(1).max(maxEmailLength),
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
