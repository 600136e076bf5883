import { createHash } from 'node:crypto';
import { emptyAllocation, type AllocationFact } from '@cloudtuner/cost-model';
import type { z } from 'zod';
import {
  allocationDayRow,
  readAllocationDays,
  withPeriods,
  type AllocationDay,
  type HourWindow,
} from '../allocation/allocation-days';
import {
  allocationPeriodRow,
  insertAllocationPeriod,
  isPeriodBalanced,
  periodBalanceRow,
  readAllocationPeriods,
  readPeriodBalance,
  readSummedDays,
  summedDayRow,
} from '../allocation/period-statements';
import { periodVersionOf, wholePeriods, type AllocationPeriod } from '../allocation/periods';
import { planReading, type AllocationGroup, type ReadingPlan } from '../allocation/reading-plan';
import { allocationSumRow, readAllocations, type AllocationSumRow } from '../allocation/read-statement';
import {
  insertAllocationDay,
  insertAllocationGroupDay,
  isBalanced,
  readRollupBalance,
  rollupBalanceRow,
  rollupVersionOf,
  type DayRollup,
} from '../allocation/rollup-statements';
import { allocationHourRow } from '../allocation/hour-statements';
import type { BoundStatement, HourVersion } from '../allocation/statement';
import type { ClickhouseClient } from '../client-port';

export const tag = { surface: 'test', route: 'allocation' };

/** A container-hour without anything; tests say what they need. */
export function fact(overrides: Partial<AllocationFact>): AllocationFact {
  return {
    ...emptyAllocation,
    kind: 'container',
    node: 'n1',
    namespace: 'a',
    controller_kind: 'deployment',
    controller: 'web',
    pod: 'web-1',
    pod_uid: 'u1',
    container: 'main',
    ended_seconds: 3_600,
    covered_seconds: 3_600,
    total_cost: '0.000000000',
    ...overrides,
  };
}

/** As the worker makes it: SHA-256 of a line per hour. */
function hoursVersionOf(hours: readonly HourVersion[]): string {
  const lines = hours
    .toSorted((a, b) => a.hour - b.hour)
    .map(({ hour, dataVersion }) => `${String(hour)} ${dataVersion}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** `facts` null: stored without pods. */
export interface StoredHour extends HourVersion {
  readonly facts: readonly AllocationFact[] | null;
}

/** Pod-level tables of one account, written and read by the statements as a worker and a reader do it. */
export class AllocationWorld {
  constructor(
    readonly client: ClickhouseClient,
    readonly account: string,
  ) {}

  ask<Row>({ sql, params }: BoundStatement, schema: z.ZodType<Row>): Promise<Row[]> {
    return this.client.query({ sql, params, schema, tag, tenant: this.account });
  }

  async run(statement: BoundStatement, token?: string): Promise<void> {
    await this.client.command({ ...statement, tag, tenant: this.account, ...(token === undefined ? {} : { token }) });
  }

  async insertFacts(version: HourVersion, facts: readonly AllocationFact[], token?: string): Promise<void> {
    const rows = facts.map((one) => allocationHourRow(this.account, version, one));
    await this.client.insert({
      table: 'allocation_hours',
      rows,
      tag,
      tenant: this.account,
      ...(token === undefined ? {} : { token }),
    });
  }

  /** The facts of hours, and then the rows that make them current. */
  async storeHours(hours: readonly StoredHour[], readAtMs = 1): Promise<void> {
    const rows = hours.flatMap((hour) => (hour.facts ?? []).map((one) => allocationHourRow(this.account, hour, one)));
    await this.client.insert({ table: 'allocation_hours', rows, tag, tenant: this.account });
    await this.client.insert({
      table: 'account_hours',
      rows: hours.map(({ hour, dataVersion, facts }) => ({
        cloud_account_id: this.account,
        hour,
        data_version: dataVersion,
        read_at_ms: String(readAtMs),
        closed: true,
        rows: 0,
        allocation_rows: facts?.length ?? null,
        measured_seconds: 3_600,
        expected_seconds: 3_600,
        last_sample_at: null,
        flags: [],
      })),
      tag,
      tenant: this.account,
    });
  }

  /** The rollup of a day by its current hours: pods, then dimensions, then, if everything adds up, the row that names it. */
  async storeDay(day: number, labelKeys: readonly string[], writtenAtMs = 1): Promise<DayRollup> {
    const window = { from: day, until: day + 86_400 };
    const [found] = await this.ask(readAllocationDays(this.account, window), allocationDayRow);
    if (found === undefined) throw new Error('there are no hours');
    const rollup = { day, hours: found.hours, labelKeys };
    await this.writeRollup(rollup);
    const factRows = found.hours.reduce((sum, { rows }) => sum + (rows ?? 0), 0);
    if (!(await this.isBalanced(rollup))) throw new Error('the rollup does not add up');
    await this.putDay(rollup, factRows, writtenAtMs);
    return rollup;
  }

  async writeRollup(rollup: DayRollup, token = rollupVersionOf(rollup)): Promise<void> {
    await this.run(insertAllocationDay(this.account, rollup), `${this.account}|${token}`);
    await this.run(insertAllocationGroupDay(this.account, rollup), `${this.account}|${token}`);
  }

  async isBalanced(rollup: DayRollup): Promise<boolean> {
    const rows = await this.ask(readRollupBalance(this.account, rollup), rollupBalanceRow);
    return isBalanced(rows, rollup.labelKeys);
  }

  async putDay(rollup: DayRollup, factRows: number, writtenAtMs: number): Promise<void> {
    const row = {
      cloud_account_id: this.account,
      date: new Date(rollup.day * 1_000).toISOString().slice(0, 10),
      data_version: hoursVersionOf(rollup.hours),
      written_at_ms: String(writtenAtMs),
      measured_seconds: 0,
      expected_seconds: 0,
      total_cost: '0',
      rollup_version: rollupVersionOf(rollup),
      rollup_fact_rows: factRows,
      rollup_label_keys: rollup.labelKeys,
    };
    await this.client.insert({ table: 'account_days', rows: [row], tag, tenant: this.account });
  }

  /** The sums of a period, and, if everything adds up, the row that names them. */
  async storePeriod(period: AllocationPeriod, writtenAtMs = 1): Promise<void> {
    await this.writePeriod(period);
    if (!(await this.isPeriodBalanced(period))) throw new Error('the period does not add up');
    const row = {
      cloud_account_id: this.account,
      period: period.kind,
      date: new Date(period.start * 1_000).toISOString().slice(0, 10),
      data_version: periodVersionOf(period),
      written_at_ms: String(writtenAtMs),
    };
    await this.client.insert({ table: 'account_periods', rows: [row], tag, tenant: this.account });
  }

  async writePeriod(period: AllocationPeriod, token = periodVersionOf(period)): Promise<void> {
    for (const statement of insertAllocationPeriod(this.account, period))
      await this.run(statement, `${this.account}|${token}`);
  }

  async isPeriodBalanced(period: AllocationPeriod): Promise<boolean> {
    return isPeriodBalanced(await this.ask(readPeriodBalance(this.account, period), periodBalanceRow), period);
  }

  /** Those that the summed days of a window make. */
  async wholePeriods(window: HourWindow): Promise<readonly AllocationPeriod[]> {
    return wholePeriods(await this.ask(readSummedDays(this.account, window), summedDayRow));
  }

  async days(window: HourWindow): Promise<readonly AllocationDay[]> {
    const days = await this.ask(readAllocationDays(this.account, window), allocationDayRow);
    const periods = await this.ask(readAllocationPeriods(this.account, window), allocationPeriodRow);
    return withPeriods(days, periods);
  }

  async plan(window: HourWindow, group: AllocationGroup, stepSeconds: number | null = null): Promise<ReadingPlan> {
    return planReading(await this.days(window), group, { from: window.from, stepSeconds });
  }

  /** The plan as if there were no periods. */
  async planOfDays(
    window: HourWindow,
    group: AllocationGroup,
    stepSeconds: number | null = null,
  ): Promise<ReadingPlan> {
    const days = await this.ask(readAllocationDays(this.account, window), allocationDayRow);
    return planReading(days, group, { from: window.from, stepSeconds });
  }

  async read(
    window: HourWindow,
    group: AllocationGroup,
    options: { readonly stepSeconds?: number; readonly top?: number; readonly plan?: ReadingPlan } = {},
  ): Promise<AllocationSumRow[]> {
    const { stepSeconds = null, top = null } = options;
    const plan = options.plan ?? (await this.plan(window, group, stepSeconds));
    const reading = { plan, group, from: window.from, stepSeconds, top };
    return this.ask(readAllocations(this.account, reading), allocationSumRow);
  }
}
