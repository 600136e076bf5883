import { Point } from '@influxdata/influxdb-client';
import { AppError, isAppError } from '@cloudtuner/errors';
import { z } from 'zod';
import { hourSeconds } from '../../domain/calendar';
import type { ExportPoint } from '../../domain/export-points';
import type { CostSink, ExportAccount, ExportReceipt } from '../../export-ports';
import type { InfluxConnection } from './influx-connection';

/** As InfluxDB recommends. */
const pointsPerRequest = 5_000;
const receiptMeasurement = 'cost_exports';
const measurements = ['cost_allocations', 'asset_costs'] as const satisfies readonly ExportPoint['measurement'][];

const answer = z.object({
  results: z.array(
    z.object({
      error: z.string().optional(),
      series: z.array(z.object({ columns: z.array(z.string()), values: z.array(z.array(z.unknown())) })).optional(),
    }),
  ),
});
const receiptRow = z.tuple([z.int(), z.boolean(), z.int(), z.string()]);
const countRow = z.tuple([z.int(), z.int()]);

/** In a line a backslash before a separator would join two texts, and a line break would begin another point. */
const plain = (text: string): string => text.replaceAll(/[\\\p{Cc}]/gu, '_');

function lineOf(point: ExportPoint, hour: number): string {
  const encoded = new Point(point.measurement).timestamp(String(hour));
  for (const [name, text] of Object.entries(point.tags)) encoded.tag(name, plain(text));
  for (const [name, value] of Object.entries(point.floats)) encoded.floatField(name, value);
  for (const [name, value] of Object.entries(point.integers)) encoded.intField(name, Number(value));
  return encoded.toLineProtocol() ?? '';
}

function receiptLine({ id }: ExportAccount, hour: number, { version, complete, points }: ExportReceipt): string {
  const point = new Point(receiptMeasurement).timestamp(String(hour)).tag('cloud_account_id', id);
  point.stringField('version', version).booleanField('complete', complete).intField('points', points);
  return point.toLineProtocol() ?? '';
}

/** Ids are checked UUIDs wherever they come from; a statement is still no place for anything else. */
function accountCondition({ id }: ExportAccount, from: number, to: number): string {
  const account = z.uuid().parse(id);
  return `"cloud_account_id" = '${account}' AND time >= ${String(from)}s AND time < ${String(to)}s`;
}

function parseAnswer(body: unknown): z.infer<typeof answer>['results'] {
  const parsed = answer.safeParse(body);
  if (!parsed.success)
    throw new AppError('influxdb-unavailable', 'What answers is no InfluxDB.', { cause: parsed.error });
  const error = parsed.data.results.find((result) => result.error !== undefined)?.error;
  // 1.x answers 200 to a statement that failed: a database that is not there, a lock, a limit.
  if (error !== undefined) throw new AppError('influxdb-unavailable', `InfluxDB answered: ${error}`);
  return parsed.data.results;
}

/** A point that is older than what the database keeps. */
const isTooOld = (error: unknown): boolean =>
  isAppError(error) && error.code === 'influxdb-rejected' && /beyond retention policy/.test(error.message);

/** Points in InfluxDB, in the database of the account. `{organization_id}` and `{cloud_account_id}` in its name are replaced. */
export function createInfluxSink(connection: InfluxConnection, databasePattern: string): CostSink {
  const databaseOf = ({ id, organizationId }: ExportAccount): string =>
    databasePattern.replaceAll('{organization_id}', organizationId).replaceAll('{cloud_account_id}', id);

  return {
    async receipts(account, { from, to }, signal) {
      const where = accountCondition(account, from, to);
      const rowsOf = async (statement: string): Promise<unknown[][]> =>
        parseAnswer(await connection.query(databaseOf(account), statement, signal)).flatMap(({ series = [] }) =>
          series.flatMap(({ values }) => values),
        );
      const counts = new Map<number, number>();
      for (const row of await rowsOf(
        `SELECT count("total_cost_nanos") FROM ${measurements.map((name) => `"${name}"`).join(', ')} WHERE ${where} GROUP BY time(1h) fill(none)`,
      )) {
        const [hour, count] = countRow.parse(row);
        counts.set(hour, (counts.get(hour) ?? 0) + count);
      }
      const receipts = await rowsOf(
        `SELECT "complete", "points", "version" FROM "${receiptMeasurement}" WHERE ${where}`,
      );
      return new Map(
        receipts.map((row) => {
          const [hour, complete, points, version] = receiptRow.parse(row);
          return [hour, { version, points, complete: complete && points === (counts.get(hour) ?? 0) }];
        }),
      );
    },
    async putReceipt(account, hour, receipt, signal) {
      try {
        await connection.write(databaseOf(account), [receiptLine(account, hour, receipt)], signal);
        return 'written';
      } catch (error) {
        if (isTooOld(error)) return 'too-old';
        throw error;
      }
    },
    async removeHour(account, hour, signal) {
      for (const measurement of measurements) {
        const statement = `DELETE FROM "${measurement}" WHERE ${accountCondition(account, hour, hour + hourSeconds)}`;
        parseAnswer(await connection.query(databaseOf(account), statement, signal));
      }
    },
    async write(account, hour, points, signal) {
      for (let at = 0; at < points.length; at += pointsPerRequest) {
        const lines = points.slice(at, at + pointsPerRequest).map((point) => lineOf(point, hour));
        await connection.write(databaseOf(account), lines, signal);
      }
    },
  };
}
