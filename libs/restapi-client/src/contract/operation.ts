import type { z } from 'zod';

/** What a role may be allowed to do in an organization. */
export const permissions = [
  'organization:read',
  'users:read',
  'users:write',
  'cloud-accounts:read',
  'cloud-accounts:write',
  'cloud-accounts:rotate',
  'cloud-accounts:delete',
  'backfills:read',
  'backfills:write',
  'costs:read',
] as const;
/** One of {@link permissions}. */
export type Permission = (typeof permissions)[number];

/** Who may call: anybody, the bearer of the cluster secret, any signed-in user, or a user whose role has the permission. */
export type Access = 'public' | 'cluster-secret' | 'signed-in' | Permission;

/** The id of a request that decides which organization it is about. */
export interface Scope {
  readonly of: 'organization' | 'cloud-account';
  readonly from: 'params' | 'query';
  readonly field: string;
}

/** One route, declared once: the server, the typed client and the authorization tests are made from it. */
export interface Operation {
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `:name` for a parameter. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** There for every permission; absent where the route belongs to no organization. */
  readonly scope?: Scope;
  /** Of the answer when it goes well. */
  readonly status: 200 | 201 | 202 | 204;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly response: z.ZodType;
}

/** Scope by an organization's id in the path. */
export const inOrganization = { of: 'organization', from: 'params', field: 'organization_id' } as const;

/** Scope by a cloud account's id in the path. */
export const inCloudAccount = { of: 'cloud-account', from: 'params', field: 'cloud_account_id' } as const;
