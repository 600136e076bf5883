import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { z } from 'zod';

const ofAccount = 'WHERE cloud_account_id = {account:UUID}';

/**
 * One number over all that says which facts of an account are current: facts are never changed, and become current and cease to be by rows of
 * these three tables. The sum of hashes does not depend on their order.
 */
const stampSql = `
SELECT 'hours' AS pointers, count() AS pointer_count,
  sum(cityHash64(hour, data_version, read_at_ms, closed, rows, ifNull(allocation_rows, 0), measured_seconds, flags)) AS hash
FROM account_hours ${ofAccount}
UNION ALL
SELECT 'days', count(), sum(cityHash64(date, data_version, rollup_version, written_at_ms)) FROM account_days ${ofAccount}
UNION ALL
SELECT 'expenses', count(), sum(cityHash64(resource_id, date, cost, sign)) FROM expenses ${ofAccount}`;

const stampRow = z.object({ pointers: z.string(), pointer_count: z.string(), hash: z.string() });

interface Running {
  readonly ended: Promise<void>;
  next?: Promise<string>;
}

/**
 * Tells whether what is stored of an account has changed. Stamps are read after they were asked for; those who ask while one is being read
 * share the next, so that many askers cost little and nobody is told of a state from before their question.
 */
export class DataStamps {
  readonly #running = new Map<string, Running>();

  constructor(
    private readonly client: ClickhouseClient,
    private readonly limits: { readonly maxExecutionSeconds: number },
  ) {}

  /** @throws AppError `clickhouse-unavailable` */
  of(cloudAccountId: string): Promise<string> {
    const running = this.#running.get(cloudAccountId);
    if (running === undefined) return this.#start(cloudAccountId);
    running.next ??= running.ended.then(() => this.#start(cloudAccountId));
    return running.next;
  }

  #start(cloudAccountId: string): Promise<string> {
    const reading = this.#read(cloudAccountId);
    const forget = (): void => {
      if (this.#running.get(cloudAccountId) === running) this.#running.delete(cloudAccountId);
    };
    const running: Running = { ended: reading.then(forget, forget) };
    this.#running.set(cloudAccountId, running);
    return reading;
  }

  async #read(cloudAccountId: string): Promise<string> {
    const rows = await this.client.query({
      sql: stampSql,
      params: { account: cloudAccountId },
      schema: stampRow,
      tag: { surface: 'restapi', route: 'dataStamp' },
      tenant: cloudAccountId,
      limits: this.limits,
    });
    return rows
      .map(({ pointers, pointer_count: count, hash }) => `${pointers} ${count} ${hash}`)
      .sort()
      .join('\n');
  }
}
