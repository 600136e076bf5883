import { AppError } from '@cloudtuner/errors';
import type {
  CloudAccount,
  CloudAccountsRepository,
  Organization,
  OrganizationsRepository,
  TokenIdentity,
} from '@cloudtuner/metadata';
import { permissions, type Operation, type Permission } from '@cloudtuner/restapi-client';
import { routesFor, type Route, type RouteInput } from '@cloudtuner/service-kit';
import type { z } from 'zod';
import { allows } from '../domain/role-permissions';
import type { Principal } from './principal';

type Parsed<O extends Operation, K extends string> =
  O extends Readonly<Record<K, infer S extends z.ZodType>> ? z.output<S> : undefined;

/** What a handler is given, parsed as its operation declares. */
export type OperationInput<O extends Operation> = RouteInput<
  Parsed<O, 'params'>,
  Parsed<O, 'query'>,
  Parsed<O, 'body'>,
  Principal
>;

/** What a handler answers. */
export type OperationAnswer<O extends Operation> = z.input<O['response']>;

type Handler<O extends Operation, Extra> = (
  input: OperationInput<O> & Extra,
) => Promise<OperationAnswer<O>> | OperationAnswer<O>;

/** Makes routes of operations; each kind resolves and checks what its handler is about, before the handler runs. */
export interface ScopedRoutes {
  /** Of no organization: public, or for the operator. */
  open<const O extends Operation>(operation: O, handler: Handler<O, unknown>): Route<Principal>;
  /** Of whoever is signed in. */
  signedIn<const O extends Operation>(operation: O, handler: Handler<O, { identity: TokenIdentity }>): Route<Principal>;
  /** Of an organization in which the caller's role has the operation's permission. */
  inOrganization<const O extends Operation>(
    operation: O,
    handler: Handler<O, { organization: Organization }>,
  ): Route<Principal>;
  /** Of a cloud account in such an organization. */
  inCloudAccount<const O extends Operation>(
    operation: O,
    handler: Handler<O, { account: CloudAccount }>,
  ): Route<Principal>;
}

interface Stores {
  readonly organizations: Pick<OrganizationsRepository, 'find'>;
  readonly cloudAccounts: Pick<CloudAccountsRepository, 'findAmong'>;
}

/** One text for what is not there and what is somebody else's, so that an answer tells nothing about others. */
const notFound = (): AppError => new AppError('not-found', 'There is nothing at this address.');

function identityOf(principal: Principal): TokenIdentity {
  if (principal.kind === 'user') return principal.identity;
  throw new AppError('unauthenticated', 'This needs a valid bearer token.');
}

function permissionOf({ access }: Operation): Permission {
  const permission = permissions.find((candidate) => candidate === access);
  if (permission === undefined) throw new AppError('internal-error', 'A scoped operation needs a permission.');
  return permission;
}

function requirePermission(identity: TokenIdentity, organizationId: string, permission: Permission): void {
  const membership = identity.memberships.find((candidate) => candidate.organizationId === organizationId);
  if (membership === undefined) throw notFound();
  if (!allows(membership.role, permission)) {
    throw new AppError('forbidden', `The role ${membership.role} may not do this.`, { details: { permission } });
  }
}

function scopedId(operation: Operation, input: { params: unknown; query: unknown }): string {
  const { scope } = operation;
  if (scope === undefined) throw new AppError('internal-error', 'A scoped operation needs a scope.');
  const id: unknown = Reflect.get(Object(scope.from === 'params' ? input.params : input.query), scope.field);
  if (typeof id !== 'string') throw notFound();
  return id;
}

const declared = routesFor<Principal>();

function routeOf<O extends Operation>(
  operation: O,
  handler: (input: OperationInput<O>) => Promise<unknown>,
): Route<Principal> {
  const { operationId, path, summary, access, status, params, query, body, response } = operation as Operation;
  return declared.defineRoute({
    method: operation.method.toLowerCase() as 'get' | 'post' | 'delete',
    operationId,
    path,
    summary,
    access,
    status,
    response,
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    // The edge has parsed the input with the operation's own schemas.
    handler: (input) => handler(input as OperationInput<O>),
  });
}

/** Routes over these stores. */
export function createScopedRoutes({ organizations, cloudAccounts }: Stores): ScopedRoutes {
  return {
    open: (operation, handler) => routeOf(operation, async (input) => handler(input)),
    signedIn: (operation, handler) =>
      routeOf(operation, async (input) => handler({ ...input, identity: identityOf(input.principal) })),
    inOrganization: (operation, handler) =>
      routeOf(operation, async (input) => {
        const identity = identityOf(input.principal);
        const organizationId = scopedId(operation, input);
        requirePermission(identity, organizationId, permissionOf(operation));
        const organization = await organizations.find(organizationId);
        if (organization === null) throw notFound();
        return handler({ ...input, organization });
      }),
    inCloudAccount: (operation, handler) =>
      routeOf(operation, async (input) => {
        const identity = identityOf(input.principal);
        const memberOf = identity.memberships.map(({ organizationId }) => organizationId);
        const account = await cloudAccounts.findAmong(memberOf, scopedId(operation, input));
        if (account === null) throw notFound();
        requirePermission(identity, account.organizationId, permissionOf(operation));
        return handler({ ...input, account });
      }),
  };
}
