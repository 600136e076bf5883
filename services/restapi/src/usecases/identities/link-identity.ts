import { AppError } from '@cloudtuner/errors';
import type { ExternalIdentity, ExternalUsersRepository, OutboxEntry, TokenHolder } from '@cloudtuner/metadata';
import type { IdentityProvider } from '../../domain/identity-provider';

/** Somebody who has proved to be two: the bearer of a token, and a person whom a provider vouches for. */
interface Link {
  readonly person: Pick<TokenHolder, 'id' | 'onlyOrganizationIds'>;
  readonly identity: ExternalIdentity;
  readonly providers: readonly IdentityProvider[];
}

/** A sign-in that is good for some organizations must not give itself another that is good for more. */
function requireWithin(only: readonly string[] | null, providers: readonly IdentityProvider[]): void {
  if (only === null) return;
  const within = providers.every(({ organizationIds }) => organizationIds?.every((id) => only.includes(id)) ?? false);
  if (!within) throw new AppError('forbidden', 'This sign-in is good for fewer organizations than the identity.');
}

/**
 * Links a person who is signed in to an identity that the person has proved as well.
 *
 * @throws AppError `forbidden`, `identity-linked-already`, `metadata-unavailable`
 */
export async function linkIdentity(
  externalUsers: Pick<ExternalUsersRepository, 'findByIdentity' | 'linkIdentity'>,
  { person, identity, providers }: Link,
  outbox: () => OutboxEntry,
): Promise<void> {
  requireWithin(
    person.onlyOrganizationIds,
    providers.filter(({ issuer }) => issuer === identity.issuer),
  );
  const holder = await externalUsers.findByIdentity(identity);
  if (holder?.id === person.id) return;
  if (holder !== null) throw new AppError('identity-linked-already', 'The identity is linked to another user.');
  if (!(await externalUsers.linkIdentity(person.id, identity, outbox()))) {
    throw new AppError('identity-linked-already', 'You are linked to another identity of this provider.');
  }
}
