import type { ConnectionOptions } from 'node:tls';
import type { QueueConnection } from './queue-port';

/** The options of ioredis that we set. */
export interface RedisSettings {
  readonly tls?: ConnectionOptions;
  readonly connectTimeout: number;
  readonly retryStrategy: (attempt: number) => number;
  readonly enableOfflineQueue?: boolean;
  readonly maxRetriesPerRequest?: number | null;
  readonly autoResendUnfulfilledCommands?: boolean;
  readonly commandTimeout?: number;
  readonly socketTimeout?: number;
  readonly lazyConnect?: boolean;
}

const retryStepMs = 200;
const retryMaxMs = 2_000;

/** What both sides share: reconnects for ever, soon at first, every two seconds later. */
function baseOptions(connection: QueueConnection): RedisSettings {
  return {
    ...(connection.tls === undefined ? {} : { tls: connection.tls }),
    connectTimeout: 5_000,
    retryStrategy: (attempt) => Math.min(attempt * retryStepMs, retryMaxMs),
  };
}

/** A producer answers a person or a dispatcher: a command either goes out now or fails. */
export function failFastOptions(connection: QueueConnection, timeoutMs: number): RedisSettings {
  return {
    ...baseOptions(connection),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: timeoutMs,
    lazyConnect: true,
  };
}

/** A worker waits for Redis as long as it takes, but not on a connection whose other end is gone. */
export function patientOptions(connection: QueueConnection): RedisSettings {
  return {
    ...baseOptions(connection),
    maxRetriesPerRequest: null,
    // Above BullMQ's longest blocking read (10 s).
    socketTimeout: 30_000,
  };
}
