import { randomBytes, randomUUID } from 'node:crypto';

/** A cloud account's id that no other test uses. */
export function randomTenant(): string {
  return randomUUID();
}

/** The name of a database, in MongoDB or ClickHouse, that no other test uses. */
export function randomDatabase(prefix = 'test'): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}

/** A prefix for keys and queues in Redis that no other test uses. It has no colon, which BullMQ refuses. */
export function randomPrefix(prefix = 'test'): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
