import { AppError } from '@cloudtuner/errors';
import type { ExternalIdentity, ExternalUsersRepository, OutboxEntry } from '@cloudtuner/metadata';

/**
 * Links a person who is signed in to an identity that the person has proved as well.
 *
 * @throws AppError `identity-linked-already`, `metadata-unavailable`
 */
export async function linkIdentity(
  externalUsers: Pick<ExternalUsersRepository, 'findByIdentity' | 'linkIdentity'>,
  userId: string,
  identity: ExternalIdentity,
  outbox: () => OutboxEntry,
): Promise<void> {
  const holder = await externalUsers.findByIdentity(identity);
  if (holder?.id === userId) return;
  if (holder !== null) throw new AppError('identity-linked-already', 'The identity is linked to another user.');
  if (!(await externalUsers.linkIdentity(userId, identity, outbox()))) {
    throw new AppError('identity-linked-already', 'You are linked to another identity of this provider.');
  }
}
