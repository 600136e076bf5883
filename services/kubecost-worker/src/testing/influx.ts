import { randomPrefix, sharedServers } from '@cloudtuner/test-kit';
import { connectInflux } from '../adapters/influxdb/influx-connection';
import { createInfluxSink } from '../adapters/influxdb/influx-sink';
import type { CostSink, InfluxOptions } from '../export-ports';

/** One row of an answer: columns, and the tags that it was grouped by. */
export type InfluxRow = Readonly<Record<string, unknown>>;

/** InfluxDB as somebody who reads it has it: not through what is tested. @throws Error with what it says */
export async function askInflux(
  url: string,
  statement: string,
  { database = '', user = '' } = {},
): Promise<InfluxRow[]> {
  const query = new URLSearchParams({ q: statement, epoch: 's', ...(database === '' ? {} : { db: database }) });
  const headers = user === '' ? {} : { Authorization: `Basic ${Buffer.from(user).toString('base64')}` };
  const answer = await fetch(`${url}/query?${query.toString()}`, { method: 'POST', headers });
  const body = (await answer.json()) as {
    error?: string;
    results?: {
      error?: string;
      series?: { tags?: Record<string, string>; columns: string[]; values: unknown[][] }[];
    }[];
  };
  const failure = body.error ?? body.results?.find(({ error }) => error !== undefined)?.error;
  if (failure !== undefined) throw new Error(failure);
  return (body.results ?? []).flatMap(({ series = [] }) =>
    series.flatMap(({ tags, columns, values }) =>
      values.map((row) => ({ ...tags, ...Object.fromEntries(columns.map((column, at) => [column, row[at]])) })),
    ),
  );
}

/** A sink in a database of its own. */
export interface TestSink {
  readonly url: string;
  readonly database: string;
  readonly sink: CostSink;
  ask(statement: string): Promise<InfluxRow[]>;
}

/** Opens one in the shared server, or in a server of the test. */
export async function openTestSink(options: Partial<InfluxOptions> = {}): Promise<TestSink> {
  const url = options.url ?? (await sharedServers().influxdbUrl());
  const database = randomPrefix().replaceAll('-', '_');
  await askInflux(url, `CREATE DATABASE "${database}"`);
  return {
    url,
    database,
    sink: createInfluxSink(connectInflux({ timeoutMs: 20_000, ...options, url }), database),
    ask: (statement) => askInflux(url, statement, { database }),
  };
}
