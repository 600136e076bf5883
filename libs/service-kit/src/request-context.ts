import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<string>();

/** The id of the request (or job) that is being worked on, if any. */
export function currentRequestId(): string | undefined {
  return storage.getStore();
}

/** Runs a function so that everything it starts, logs and calls carries this id. */
export function runWithRequestId<T>(requestId: string, work: () => T): T {
  return storage.run(requestId, work);
}
