import { randomUUID } from 'node:crypto';
import { connectClickhouse, migrate, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { startClickhouse } from '@cloudtuner/local-servers';
import { z } from 'zod';
import { fill } from './fill';
import { load, machine } from '../machine';
import { answerAll } from './questions';
import { renderAnswers, renderFilled, renderSizes, type TableSize } from './report';
import { residentMebibytes } from '../proc';
import type { Size } from './sizes';

const tag = { surface: 'bench', route: 'allocation' };

export interface BenchOptions {
  readonly size: Size;
  /** Filling stops here and what there is by then is measured. */
  readonly seconds: number;
  /** One line of progress. */
  readonly say: (line: string) => void;
}

const sizeRow = z.object({
  table: z.string(),
  rows: z.coerce.number(),
  bytes: z.coerce.number(),
  parts: z.coerce.number(),
});

const podTables = [
  'allocation_hours',
  'allocation_days',
  'allocation_dimension_days',
  'allocation_periods',
  'allocation_dimension_periods',
];

/** Merged, so that the figures do not depend on when the background got around to it. */
async function measureTables(client: ClickhouseClient, tenant: string): Promise<TableSize[]> {
  for (const table of podTables) await client.command({ sql: `OPTIMIZE TABLE ${table} FINAL`, tag, tenant });
  return client.query({
    sql: `SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts
          WHERE database = {database:String} AND active AND startsWith(table, 'allocation_') GROUP BY table ORDER BY table DESC`,
    params: { database: client.database },
    schema: sizeRow,
    tag,
    tenant,
  });
}

const mebibytes = (count: number): string => `${count.toFixed(0)} MiB`;

/** Fills a ClickHouse of its own with a made-up history, asks it and returns the report. Its data are removed. */
export async function benchAllocation({ size, seconds, say }: BenchOptions): Promise<string> {
  const loadBefore = load();
  const server = await startClickhouse();
  const client = connectClickhouse({ ...server, database: 'bench', requestTimeoutMs: 600_000 });
  try {
    await migrate(client);
    const account = randomUUID();
    const startedMs = performance.now();
    const filled = await fill(client, account, { size, untilMs: startedMs + seconds * 1_000, say });
    say(`filled in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
    const tables = await measureTables(client, account);
    const filledResident = mebibytes(residentMebibytes(server.pid, 'VmHWM'));
    say('asking');
    const loadWhileAsking = load();
    const answers = await answerAll({ client, account, size, pid: server.pid }, filled.days);
    const hoursOf = (table: string): number =>
      (table === 'allocation_hours' ? filled.secondsPerHour.length : filled.days) * 24;
    return [
      `size ${size.name}: ${size.pods.toLocaleString('en')} pods × ${String(filled.days)} days, hours by pod of ${String(filled.secondsPerHour.length)} days (${filled.hourRows.toLocaleString('en')} rows)`,
      `machine: ${machine()}; load average ${loadBefore} before, ${loadWhileAsking} when asking began, ${load()} after`,
      `embedded ClickHouse: ${filledResident} resident at most while filling, ${mebibytes(residentMebibytes(server.pid, 'VmRSS'))} after the questions`,
      renderFilled(filled),
      '',
      renderAnswers(answers),
      '',
      renderSizes(tables, (table) => hoursOf(table) * size.pods),
    ].join('\n');
  } finally {
    await client.close();
    await server.stop();
  }
}
