import { setTimeout as sleep } from 'node:timers/promises';
import {
  migrate,
  requireNoRestore,
  schemaVersion,
  type ClickhouseClient,
  type MigrateOptions,
} from '@cloudtuner/clickhouse';
import { toAppError, type ErrorCode } from '@cloudtuner/errors';
import type { Log } from '../../ports';

/** Brings the schema up to date, or waits until somebody else has. */
export interface SchemaKeeper {
  /** Resolves when the schema is there, however long ClickHouse is away or being restored; rejects only when the signal aborts. */
  untilReady(signal: AbortSignal): Promise<void>;
  isReady(): boolean;
}

const retryMs = 1_000;

/** The keeper of one database's schema. */
export function createSchemaKeeper(
  client: ClickhouseClient,
  options: MigrateOptions & { readonly migrateOnStart: boolean; readonly log: Log },
): SchemaKeeper {
  const { migrateOnStart, log, ...migration } = options;
  let ready = false;

  const attempt = async (): Promise<boolean> => {
    // What is written now would be taken away when the restore is run again.
    await requireNoRestore(client);
    const { applied, latest } = migrateOnStart ? await migrate(client, migration) : await schemaVersion(client);
    return applied >= latest;
  };

  return {
    isReady: () => ready,
    async untilReady(signal) {
      let told: ErrorCode | undefined;
      for (;;) {
        signal.throwIfAborted();
        try {
          ready = await attempt();
          if (ready) break;
        } catch (error) {
          const { code } = toAppError(error);
          if (code !== told) log.warn({ err: error, code }, 'the schema of ClickHouse is not ready; trying on');
          told = code;
        }
        await sleep(retryMs, undefined, { signal });
      }
      log.info({}, 'the schema of ClickHouse is ready');
    },
  };
}
