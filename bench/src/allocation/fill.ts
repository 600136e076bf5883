import { createHash } from 'node:crypto';
import {
  insertAllocationDay,
  insertAllocationGroupDay,
  insertAllocationPeriod,
  periodVersionOf,
  readSummedDays,
  rollupVersionOf,
  summedDayRow,
  wholePeriods,
  type AllocationPeriodKind,
  type BoundStatement,
  type ClickhouseClient,
  type HourVersion,
} from '@cloudtuner/clickhouse';
import { insertAssets } from './assets-sql';
import { factsSql, firstDay } from './facts-sql';
import { rowsPerHour, type Size } from './sizes';

const secondsPerDay = 86_400;
const tag = { surface: 'bench', route: 'fill' };

/** The key that the made-up tenant has chosen. */
export const chosenLabel = 'team';

/** What was written, and how long it took. */
export interface Filled {
  /** Fewer than asked for when the time was up. */
  readonly days: number;
  readonly hourRows: number;
  /** Seconds to make up and insert an hour; one each. */
  readonly secondsPerHour: readonly number[];
  /** Seconds to sum a day of hours by pod and by every dimension; one each. */
  readonly secondsPerRollup: readonly number[];
  /** Seconds to sum a period of each kind by pod and by every dimension; one each. */
  readonly secondsPerPeriod: Readonly<Record<AllocationPeriodKind, readonly number[]>>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const columns = [
  'hour kind asset_type asset_key node provider_id namespace controller_kind controller pod pod_uid container services labels annotations',
  'started_seconds ended_seconds covered_seconds cpu_core_hours cpu_core_request_hours cpu_core_usage_hours cpu_core_usage_max',
  'ram_byte_hours ram_byte_request_hours ram_byte_usage_hours ram_byte_usage_max gpu_hours gpu_usage_hours pv_byte_hours',
  'network_zone_bytes network_region_bytes network_internet_bytes network_transmit_bytes network_receive_bytes load_balancer_hours volumes',
  'cpu_cost ram_cost gpu_cost pv_cost network_zone_cost network_region_cost network_internet_cost network_cost load_balancer_cost',
  'management_cost total_cost flags',
].flatMap((line) => line.split(' '));

/** Fills the tables of one account through the product's own statements. */
class Filler {
  readonly #client: ClickhouseClient;
  readonly #account: string;
  readonly #pods: number;
  readonly #assets: number;
  readonly secondsPerHour: number[] = [];
  readonly secondsPerRollup: number[] = [];
  readonly secondsPerPeriod: Record<AllocationPeriodKind, number[]> = { month: [], week: [], midweek: [], day: [] };
  hourRows = 0;

  constructor(client: ClickhouseClient, account: string, { pods, assets }: { pods: number; assets: number }) {
    this.#client = client;
    this.#account = account;
    this.#pods = pods;
    this.#assets = assets;
  }

  async #run(statement: BoundStatement, token?: string): Promise<void> {
    const limits = { maxExecutionSeconds: 300, maxMemoryBytes: 1_400_000_000 };
    await this.#client.command({
      ...statement,
      limits,
      tag,
      tenant: this.#account,
      ...(token === undefined ? {} : { token }),
    });
  }

  /** A day of which one hour has rows that stand for all has 24 pointers all the same: readers compare the versions of each. */
  async writeDay(dayIndex: number, hoursPerDay: 24 | 1): Promise<void> {
    const day = firstDay + dayIndex * secondsPerDay;
    const hours = Array.from({ length: 24 }, (_none, index) => day + index * 3_600).map((hour) => ({
      hour,
      dataVersion: sha256(String(hour)),
    }));
    const startedMs = performance.now();
    await this.#run({
      sql: `INSERT INTO allocation_hours (cloud_account_id, data_version, ${columns.join(', ')})
            SELECT {account:UUID}, lower(hex(SHA256(toString(toUnixTimestamp(hour))))), ${columns.join(', ')}
            FROM (${factsSql({ pods: this.#pods, dayIndex, hoursPerDay })})`,
      params: { account: this.#account },
    });
    const insertedMs = performance.now();
    const rows = rowsPerHour(this.#pods).rows;
    if (this.#assets > 0)
      await this.#run({ sql: insertAssets(this.#assets, dayIndex), params: { account: this.#account } });
    await this.#putHours(hours, (index) => (index < hoursPerDay ? rows : 0));
    const rollup = { day, hours, labelKeys: [chosenLabel] };
    const summedMs = performance.now();
    await this.#run(insertAllocationDay(this.#account, rollup));
    await this.#run(insertAllocationGroupDay(this.#account, rollup));
    const endedMs = performance.now();
    await this.#putDay(day, hours, rows * hoursPerDay);
    if (hoursPerDay === 1) return;
    this.hourRows += rows * hoursPerDay;
    this.secondsPerHour.push((insertedMs - startedMs) / 1_000 / hoursPerDay);
    this.secondsPerRollup.push((endedMs - summedMs) / 1_000);
  }

  async #putHours(hours: readonly HourVersion[], rowsOf: (index: number) => number): Promise<void> {
    await this.#client.insert({
      table: 'account_hours',
      rows: hours.map(({ hour, dataVersion }, index) => ({
        cloud_account_id: this.#account,
        hour,
        data_version: dataVersion,
        read_at_ms: '1',
        closed: true,
        rows: this.#assets,
        allocation_rows: rowsOf(index),
        measured_seconds: 3_600,
        expected_seconds: 3_600,
      })),
      tag,
      tenant: this.#account,
    });
  }

  async #putDay(day: number, hours: readonly HourVersion[], factRows: number): Promise<void> {
    const row = {
      cloud_account_id: this.#account,
      date: new Date(day * 1_000).toISOString().slice(0, 10),
      data_version: sha256(hours.map(({ hour, dataVersion }) => `${String(hour)} ${dataVersion}\n`).join('')),
      written_at_ms: '1',
      rollup_version: rollupVersionOf({ hours, labelKeys: [chosenLabel] }),
      rollup_fact_rows: factRows,
      rollup_label_keys: [chosenLabel],
    };
    await this.#client.insert({ table: 'account_days', rows: [row], tag, tenant: this.#account });
  }

  /** All periods of which all days are there, as the worker writes them. */
  async writePeriods(days: number): Promise<void> {
    const tenant = this.#account;
    const window = { from: firstDay, until: firstDay + days * secondsPerDay };
    const summed = await this.#client.query({ ...readSummedDays(tenant, window), schema: summedDayRow, tag, tenant });
    for (const period of wholePeriods(summed)) {
      const startedMs = performance.now();
      for (const statement of insertAllocationPeriod(tenant, period)) await this.#run(statement);
      this.secondsPerPeriod[period.kind].push((performance.now() - startedMs) / 1_000);
      const row = {
        cloud_account_id: tenant,
        period: period.kind,
        date: new Date(period.start * 1_000).toISOString().slice(0, 10),
        data_version: periodVersionOf(period),
        written_at_ms: '1',
      };
      await this.#client.insert({ table: 'account_periods', rows: [row], tag, tenant });
    }
  }

  /** Days that are older than hours are kept have none; in the product their TTL removes them. */
  async dropOldHours(firstKept: number): Promise<void> {
    await this.#run({
      sql: 'DELETE FROM allocation_hours WHERE cloud_account_id = {account:UUID} AND hour < toDateTime({firstKept:UInt32})',
      params: { account: this.#account, firstKept },
    });
  }
}

/** Writes the history of an account, at most until `untilMs` of the clock. */
export async function fill(
  client: ClickhouseClient,
  account: string,
  options: {
    readonly size: Size;
    readonly untilMs: number;
    readonly say: (line: string) => void;
    /** In each hour; absent: the hours have no assets. */
    readonly assets?: number;
  },
): Promise<Filled> {
  const { size, untilMs, say, assets = 0 } = options;
  const filler = new Filler(client, account, { pods: size.pods, assets });
  const firstWithHours = size.days - size.daysWithHours;
  let written = 0;
  // Newest first, so that what is there when the time is up is a whole recent history.
  for (let dayIndex = size.days - 1; dayIndex >= 0 && performance.now() < untilMs; dayIndex -= 1) {
    await filler.writeDay(dayIndex, dayIndex >= firstWithHours ? 24 : 1);
    written += 1;
    if (written % 30 === 0) say(`${String(written)} of ${String(size.days)} days`);
  }
  await filler.writePeriods(size.days);
  if (firstWithHours > 0) await filler.dropOldHours(firstDay + firstWithHours * secondsPerDay);
  const { hourRows, secondsPerHour, secondsPerRollup, secondsPerPeriod } = filler;
  return { days: written, hourRows, secondsPerHour, secondsPerRollup, secondsPerPeriod };
}
