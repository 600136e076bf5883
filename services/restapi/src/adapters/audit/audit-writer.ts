import { createHash } from 'node:crypto';
import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import type { Outbox } from '@cloudtuner/metadata';
import type { Counter, LifecyclePart, Logger } from '@cloudtuner/service-kit';
import type { AuditEvent } from '../../domain/audit-event';
import type { AuditLog } from '../../ports';
import { rowsOf, storedEvent } from './audit-rows';

/** What the writer is made of. */
export interface AuditWriterOptions {
  readonly clickhouse: Pick<ClickhouseClient, 'insert'>;
  readonly outbox: Outbox;
  readonly logger: Logger;
  readonly events: Counter<'outcome'>;
  /** How often it writes what has come in. */
  readonly periodMs: number;
}

/** Takes events, and writes them and the outboxes of documents to ClickHouse. */
export interface AuditWriter extends AuditLog, LifecyclePart {
  /** Writes all that waits. @throws AppError `clickhouse-unavailable`, `metadata-unavailable` */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

const tag = { surface: 'restapi', route: 'audit' };
/** Reads and refusals that wait in memory while ClickHouse is away; above it the oldest give way, and are counted. */
const maxWaiting = 20_000;
const maxDocumentsPerRound = 200;

async function insertEvents(
  clickhouse: AuditWriterOptions['clickhouse'],
  events: readonly AuditEvent[],
): Promise<void> {
  const byMonth = new Map<string, AuditEvent[]>();
  for (const event of events) {
    const month = new Date(event.atMs).toISOString().slice(0, 7);
    byMonth.set(month, [...(byMonth.get(month) ?? []), event]);
  }
  // One insert a month, as a block is whole within one partition.
  for (const month of byMonth.values()) {
    const token = createHash('sha256')
      .update(month.map(({ id }) => id).join(' '))
      .digest('hex');
    await clickhouse.insert({ table: 'audit_events', rows: month.flatMap(rowsOf), token, tag, tenant: 'all' });
  }
}

/**
 * Events that are no change of a document wait in memory for a second at most. Records of changes wait in their documents
 * until they are in ClickHouse: settled after the insert, so that a crash in between writes them twice and never not at all.
 */
export function createAuditWriter(options: AuditWriterOptions): AuditWriter {
  const { clickhouse, outbox, logger, events: counter, periodMs } = options;
  let waiting: AuditEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const readEntry = (entry: string): AuditEvent[] => {
    try {
      return [storedEvent.parse(JSON.parse(entry))];
    } catch (error) {
      // Nobody can ever write it; better named here than in the way of all others.
      counter.inc({ outcome: 'unreadable' });
      logger.error({ err: error }, 'a record in an outbox cannot be read');
      return [];
    }
  };

  const flushMemory = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    try {
      await insertEvents(clickhouse, batch);
      counter.inc({ outcome: 'written' }, batch.length);
    } catch (error) {
      const all = [...batch, ...waiting];
      const dropped = Math.max(0, all.length - maxWaiting);
      counter.inc({ outcome: 'dropped' }, dropped);
      waiting = all.slice(dropped);
      throw error;
    }
  };

  const flushOutbox = async (): Promise<void> => {
    for (;;) {
      const pending = await outbox.pending(maxDocumentsPerRound);
      if (pending.length === 0) return;
      const events = pending.flatMap(({ entries }) => entries.flatMap(readEntry));
      await insertEvents(clickhouse, events);
      for (const document of pending) await outbox.settle(document);
      counter.inc({ outcome: 'relayed' }, events.length);
    }
  };

  const flush = (): Promise<void> => {
    // One after the other, and both tried: they wait for different stores.
    running = running
      .catch(() => undefined)
      .then(async () => {
        const outcomes = [await settled(flushMemory), await settled(flushOutbox)];
        const failed = outcomes.find((outcome) => outcome.error !== undefined);
        if (failed !== undefined) throw failed.error;
      });
    return running;
  };

  const round = async (): Promise<void> => {
    try {
      await flush();
    } catch (error) {
      counter.inc({ outcome: 'delayed' });
      logger.warn({ err: error }, 'audit records could not be written; they are tried again');
    }
    if (timer !== undefined) timer = setTimeout(() => void round(), periodMs);
  };

  return {
    name: 'audit',
    note(event) {
      waiting.push(event);
      if (waiting.length <= maxWaiting) return;
      waiting.shift();
      counter.inc({ outcome: 'dropped' });
    },
    flush,
    start() {
      timer = setTimeout(() => void round(), periodMs);
    },
    async stop() {
      clearTimeout(timer);
      timer = undefined;
      await flush();
    },
  };
}

async function settled(work: () => Promise<void>): Promise<{ error?: unknown }> {
  try {
    await work();
    return {};
  } catch (error) {
    return { error };
  }
}
