import type { ErrorCode } from '@cloudtuner/errors';
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
  'jobs:read',
  'jobs:write',
  'costs:read',
  'service-tokens:read',
  'service-tokens:write',
  'audit:read',
  'expense-imports:write',
  'pools:write',
] as const;
/** One of {@link permissions}. */
export type Permission = (typeof permissions)[number];

/**
 * Who may call: anybody, the bearer of the cluster secret, any signed-in user or token, a person who has signed in by
 * password or at an identity provider (no personal or service token), or a user or token whose role has the permission.
 */
export type Access = 'public' | 'cluster-secret' | 'signed-in' | 'session' | Permission;

/** What an answer costs us: reading a document or two, a query over stored facts, or an export of any size. */
export type CostClass = 'light' | 'query' | 'export';

/** The id of a request that decides which organization it is about. */
export interface Scope {
  readonly of: 'organization' | 'cloud-account';
  readonly from: 'params' | 'query';
  readonly field: string;
}

/** Input that is valid for a test and for the document; where absent, it is made from the schemas. */
export interface OperationExample {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** One route, declared once: the server, the typed client, the API document and the authorization tests are made from it. */
export interface Operation {
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `:name` for a parameter. */
  readonly path: string;
  readonly summary: string;
  /** What the summary leaves open; Markdown. */
  readonly description?: string;
  readonly access: Access;
  /** There for every permission; absent where the route belongs to no organization. */
  readonly scope?: Scope;
  /**
   * True: the answer of this organization-wide operation leaves out what a token restricted to some cloud accounts may
   * not see. Where it is absent, such a token is refused.
   */
  readonly restrictable?: boolean;
  /** Absent = light. */
  readonly costClass?: CostClass;
  /** Codes of its own, beside those that follow from its access, scope and input. */
  readonly errors?: readonly ErrorCode[];
  /** Of the answer when it goes well. */
  readonly status: 200 | 201 | 202 | 204;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** The body is a file of one of these types, of any size. */
  readonly upload?: { readonly contentTypes: readonly string[] };
  readonly response: z.ZodType;
  /** Form of errors other than problem JSON, for clients of another API. */
  readonly errorForm?: 'opencost';
  /** Content type of an answer that is streamed; `response` is then the schema of its text. */
  readonly stream?: string;
  readonly example?: OperationExample;
  /** Rules of the input that its schemas cannot state; the words of an `invalid-request` that breaks one. */
  readonly rules?: readonly string[];
  /** What the `id` of the answer is called where other operations ask for it; the document links to them. */
  readonly creates?: string;
}

/** Scope by an organization's id in the path. */
export const inOrganization = { of: 'organization', from: 'params', field: 'organization_id' } as const;

/** Scope by a cloud account's id in the path. */
export const inCloudAccount = { of: 'cloud-account', from: 'params', field: 'cloud_account_id' } as const;
