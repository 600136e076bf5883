import { z } from 'zod';
import { inOrganization, type Operation } from './operation';
import { displayText, unixSeconds, uuid } from './scalars';

const day = 86_400;
const maxPersonalSeconds = 366 * day;
const maxServiceSeconds = 5 * 366 * day;
const maxAccounts = 200;
const minPasswordLength = 12;
const maxPasswordLength = 1024;

const role = z.enum(['owner', 'manager', 'viewer']);

const accountIds = z
  .array(uuid)
  .min(1)
  .max(maxAccounts)
  .nullable()
  .default(null)
  .describe('The only cloud accounts that the token may see; null = all.');

const token = z
  .object({
    id: z.uuid(),
    kind: z.enum(['session', 'personal', 'service']),
    name: z.string().nullable(),
    prefix: z.string().describe('`ct_<prefix>_` is how the text of the token begins.'),
    role: role.nullable().describe('Of a service its role; of a person the most that the token may be used for.'),
    cloud_account_ids: z.array(z.uuid()).nullable(),
    created_by: z.uuid().nullable(),
    created_at: unixSeconds,
    expires_at: unixSeconds,
    last_used_at: unixSeconds.nullable().describe('To the minute.'),
  })
  .meta({ id: 'Token' });

const created = token.extend({ token: z.string().describe('The text of the token, shown this once.') });

/** The signed-in person, and tokens for tools and services. */
export const tokenOperations = {
  getCurrentUser: {
    operationId: 'getCurrentUser',
    method: 'GET',
    path: '/restapi/v2/users/me',
    summary: 'Who presents this token, and what it may be used for',
    access: 'signed-in',
    status: 200,
    query: z.strictObject({}),
    response: z.object({
      user_id: z.uuid().nullable(),
      name: z.string().describe('E-mail address of the person, or name of the service’s token.'),
      token_id: z.uuid(),
      kind: z.enum(['session', 'personal', 'service']),
      organizations: z.array(z.object({ id: z.uuid(), role })),
      cloud_account_ids: z.array(z.uuid()).nullable(),
    }),
  },
  changePassword: {
    operationId: 'changePassword',
    method: 'PUT',
    path: '/restapi/v2/users/me/password',
    summary: 'Changes the own password, and with it voids every token of the person, this one included',
    access: 'session',
    errors: ['invalid-credentials', 'overloaded', 'sign-in-throttled'],
    status: 204,
    body: z.strictObject({
      current_password: z.string().min(1).max(maxPasswordLength),
      new_password: z
        .string()
        .min(minPasswordLength, `must have at least ${String(minPasswordLength)} characters`)
        .max(maxPasswordLength),
    }),
    response: z.undefined(),
  },
  listPersonalTokens: {
    operationId: 'listPersonalTokens',
    method: 'GET',
    path: '/restapi/v2/users/me/tokens',
    summary: 'The living tokens of the person, sign-ins included',
    access: 'session',
    status: 200,
    query: z.strictObject({}),
    response: z.object({ tokens: z.array(token) }),
  },
  createPersonalToken: {
    operationId: 'createPersonalToken',
    method: 'POST',
    path: '/restapi/v2/users/me/tokens',
    summary: 'A token for a tool of the person; answers its text, this once',
    description:
      'It never allows more than the person may at the moment of its use. It ends with its time, when it is revoked, ' +
      'and when the password is changed.',
    access: 'session',
    errors: ['not-found', 'too-many-tokens'],
    creates: 'token_id',
    status: 201,
    body: z.strictObject({
      name: displayText,
      expires_in_seconds: z
        .int()
        .min(60)
        .max(maxPersonalSeconds)
        .default(90 * day),
      role: role.nullable().default(null).describe('The most that it may be used for; null = all that the person may.'),
      cloud_account_ids: accountIds,
    }),
    response: created,
  },
  revokePersonalToken: {
    operationId: 'revokePersonalToken',
    method: 'DELETE',
    path: '/restapi/v2/users/me/tokens/:token_id',
    summary: 'Revokes a token of the person, from the next request on',
    access: 'session',
    errors: ['not-found'],
    status: 204,
    params: z.object({ token_id: uuid }),
    query: z.strictObject({}),
    response: z.undefined(),
  },
  listServiceTokens: {
    operationId: 'listServiceTokens',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id/service_tokens',
    summary: 'The living service tokens of the organization',
    access: 'service-tokens:read',
    scope: inOrganization,
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z.strictObject({}),
    response: z.object({ tokens: z.array(token) }),
  },
  createServiceToken: {
    operationId: 'createServiceToken',
    method: 'POST',
    path: '/restapi/v2/organizations/:organization_id/service_tokens',
    summary: 'A token for a dashboard or a pipeline, of nobody in particular; answers its text, this once',
    access: 'service-tokens:write',
    scope: inOrganization,
    errors: ['not-found', 'too-many-tokens'],
    creates: 'token_id',
    status: 201,
    params: z.object({ organization_id: uuid }),
    body: z.strictObject({
      name: displayText,
      role: z.enum(['viewer', 'manager']),
      expires_in_seconds: z
        .int()
        .min(60)
        .max(maxServiceSeconds)
        .default(366 * day),
      cloud_account_ids: accountIds,
    }),
    response: created,
  },
  revokeServiceToken: {
    operationId: 'revokeServiceToken',
    method: 'DELETE',
    path: '/restapi/v2/organizations/:organization_id/service_tokens/:token_id',
    summary: 'Revokes a service token, from the next request on',
    access: 'service-tokens:write',
    scope: inOrganization,
    status: 204,
    params: z.object({ organization_id: uuid, token_id: uuid }),
    query: z.strictObject({}),
    response: z.undefined(),
  },
} as const satisfies Readonly<Record<string, Operation>>;
