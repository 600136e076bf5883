import { AppError } from '@cloudtuner/errors';
import { MongoError, MongoServerError } from 'mongodb';

const duplicateKeyCode = 11000;
const retryAfterMs = 5000;

/** Runs an operation on the store within a deadline, and gives the driver's errors their one name. */
export type Guard = <T>(operation: () => Promise<T>) => Promise<T>;

/** The two ways to run an operation. */
export interface Guards {
  readonly run: Guard;
  /** For a creation: not before the unique indexes that it relies on are there. */
  readonly runUnique: Guard;
}

/** FerretDB gives its code for inserts only; of an update that breaks a unique index it says this and no more. */
const uniqueIndexBroken = /UNIQUE constraint failed|duplicate key value/;

/** True when a unique index refused the write. */
export function isDuplicateKey(error: unknown): boolean {
  return (
    error instanceof MongoServerError && (error.code === duplicateKeyCode || uniqueIndexBroken.test(error.message))
  );
}

const unavailable = (cause: unknown): AppError =>
  new AppError('metadata-unavailable', 'The store of organizations and accounts does not answer.', {
    cause,
    retryAfterMs,
  });

/**
 * A guard with a deadline of its own: the driver bounds each step (selection, socket) but retries some of them, and a
 * caller must hear within seconds. An operation that goes on behind the deadline is left to the driver's bounds.
 *
 * `connect` comes before every operation: the driver connects by itself only once, and a client whose first attempt has
 * failed answers "Topology is closed" for ever.
 */
export function createGuard(deadlineMs: number, connect: () => Promise<void>): Guard {
  return async (operation) => {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(unavailable(new Error(`no answer within ${String(deadlineMs)} ms`)));
      }, deadlineMs);
    });
    try {
      return await Promise.race([connect().then(operation), deadline]);
    } catch (error) {
      // Whatever the driver refuses (away, hanging, not primary, wrong password of ours) is our trouble, never the caller's.
      throw error instanceof MongoError ? unavailable(error) : error;
    } finally {
      clearTimeout(timer);
    }
  };
}
