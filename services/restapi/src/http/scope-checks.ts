import { AppError } from '@cloudtuner/errors';
import type { TokenIdentity } from '@cloudtuner/metadata';
import { permissions, type Operation, type Permission } from '@cloudtuner/restapi-client';
import { allows } from '../domain/role-permissions';
import type { Principal } from './principal';

/** One text for what is not there and what is somebody else's, so that an answer tells nothing about others. */
export const notFound = (): AppError => new AppError('not-found', 'There is nothing at this address.');

/** The identity of a token. @throws AppError `unauthenticated` */
export function identityOf(principal: Principal): TokenIdentity {
  if (principal.kind === 'user') return principal.identity;
  throw new AppError('unauthenticated', 'This needs a valid bearer token.');
}

/** The permission that a scoped operation asks for. */
export function permissionOf({ access }: Operation): Permission {
  const permission = permissions.find((candidate) => candidate === access);
  if (permission === undefined) throw new AppError('internal-error', 'A scoped operation needs a permission.');
  return permission;
}

/** @throws AppError `not-found` for an organization of others, `forbidden` when the role may not do it. */
export function requirePermission(identity: TokenIdentity, organizationId: string, permission: Permission): void {
  const membership = identity.memberships.find((candidate) => candidate.organizationId === organizationId);
  if (membership === undefined) throw notFound();
  if (!allows(membership.role, permission)) {
    throw new AppError('forbidden', `The role ${membership.role} may not do this.`, { details: { permission } });
  }
}

/** The id in the input that decides the organization. */
export function scopedId(operation: Operation, input: { params: unknown; query: unknown }): string {
  const { scope } = operation;
  if (scope === undefined) throw new AppError('internal-error', 'A scoped operation needs a scope.');
  const id: unknown = Reflect.get(Object(scope.from === 'params' ? input.params : input.query), scope.field);
  if (typeof id !== 'string') throw notFound();
  return id;
}

/** True when the token may see the account. */
export function sees(identity: TokenIdentity, accountId: string): boolean {
  return identity.accountIds === null || identity.accountIds.includes(accountId);
}

/** Refuses a token of some accounts what is about all of them. @throws AppError `forbidden` */
export function requireWholeOrganization(identity: TokenIdentity, operation: Operation): void {
  if (identity.accountIds === null || operation.restrictable === true) return;
  throw new AppError('forbidden', 'This token is for some cloud accounts, and this is about the whole organization.');
}

/** A list of accounts without those that the token may not see. */
export function onlySeen<S extends { list(...input: never[]): Promise<{ readonly id: string }[]> }>(
  accounts: S,
  identity: TokenIdentity,
): { list: S['list'] } {
  const list = async (...input: Parameters<S['list']>): Promise<{ readonly id: string }[]> =>
    (await accounts.list(...input)).filter(({ id }) => sees(identity, id));
  return { list };
}
