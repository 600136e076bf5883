import { createHash } from 'node:crypto';
import {
  allocationDayRow,
  allocationHourRow,
  insertAllocationDay,
  insertAllocationGroupDay,
  insertAllocationPeriod,
  periodVersionOf,
  readAllocationDays,
  readSummedDays,
  rollupVersionOf,
  summedDayRow,
  wholePeriods,
  type ClickhouseClient,
} from '@cloudtuner/clickhouse';
import {
  costComponents,
  emptyAllocation,
  formatNanos,
  nanosOrNull,
  parseNanos,
  sumKnownNanos,
  sumNanos,
  type AllocationFact,
} from '@cloudtuner/cost-model';
import { storeHours, type AssetCosts, type StoredHour } from './stored-hours';

const tag = { surface: 'test', route: 'restapi' };

/** A container that ran all hour, with what a test says of it; its total is the sum of its costs. */
export function containerFact(overrides: Partial<AllocationFact>): AllocationFact {
  const fact = {
    ...emptyAllocation,
    kind: 'container' as const,
    node: 'n1',
    pod: 'p',
    container: 'main',
    ended_seconds: 3_600,
    covered_seconds: 3_600,
    ...overrides,
  };
  const costs = costComponents.map((name) => parseNanos(fact[name] ?? '0'));
  return { ...fact, pod_uid: fact.pod_uid || fact.pod, total_cost: formatNanos(sumNanos(costs)) };
}

/** An hour with pods: its one asset costs what they cost. */
export interface StoredAllocationHour extends Omit<StoredHour, 'assets' | 'allocationRows'> {
  readonly facts: readonly AllocationFact[];
}

function assetOf(facts: readonly AllocationFact[]): AssetCosts {
  const costs = costComponents.map((name) => {
    const known = facts.map((fact) => fact[name]).map((cost) => nanosOrNull(cost));
    return [name, sumKnownNanos(known)] as const;
  });
  return Object.fromEntries(costs.filter(([, cost]) => cost !== null));
}

/** Writes hours with their pods in the order of the worker. */
export async function storeAllocationHours(
  client: ClickhouseClient,
  account: string,
  hours: readonly StoredAllocationHour[],
): Promise<void> {
  const rows = hours.flatMap(({ hour, version, facts }) =>
    facts.map((fact) => allocationHourRow(account, { hour, dataVersion: version }, fact)),
  );
  await client.insert({ table: 'allocation_hours', rows, tag, tenant: account });
  await storeHours(
    client,
    account,
    hours.map(({ facts, ...hour }) => ({ ...hour, assets: [assetOf(facts)], allocationRows: facts.length })),
  );
}

/** Sums a day (unix seconds) by its current hours, as the worker does when it closes it. */
export async function sumDay(
  client: ClickhouseClient,
  account: string,
  day: number,
  labelKeys: readonly string[] = [],
): Promise<void> {
  const [found] = await client.query({
    ...readAllocationDays(account, { from: day, until: day + 86_400 }),
    schema: allocationDayRow,
    tag,
    tenant: account,
  });
  if (found === undefined) throw new Error('there are no hours to sum');
  const rollup = { day, hours: found.hours, labelKeys };
  const token = `${account}|${rollupVersionOf(rollup)}`;
  await client.command({ ...insertAllocationDay(account, rollup), tag, tenant: account, token });
  await client.command({ ...insertAllocationGroupDay(account, rollup), tag, tenant: account, token });
  const lines = found.hours.map(({ hour, dataVersion }) => `${String(hour)} ${dataVersion}\n`);
  const row = {
    cloud_account_id: account,
    date: new Date(day * 1_000).toISOString().slice(0, 10),
    data_version: createHash('sha256').update(lines.join('')).digest('hex'),
    written_at_ms: String(Math.max(...found.hours.map(({ readAtMs }) => readAtMs))),
    measured_seconds: found.measuredSeconds,
    expected_seconds: 86_400,
    total_cost: '0',
    rollup_version: rollupVersionOf(rollup),
    rollup_fact_rows: found.hours.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
    rollup_label_keys: labelKeys,
  };
  await client.insert({ table: 'account_days', rows: [row], tag, tenant: account });
}

/** Sums the periods that the summed days of a window (unix seconds) make, as the worker does. */
export async function sumPeriods(
  client: ClickhouseClient,
  account: string,
  window: { readonly from: number; readonly until: number },
): Promise<void> {
  const days = await client.query({ ...readSummedDays(account, window), schema: summedDayRow, tag, tenant: account });
  for (const period of wholePeriods(days)) {
    const version = periodVersionOf(period);
    for (const statement of insertAllocationPeriod(account, period))
      await client.command({ ...statement, tag, tenant: account, token: `${account}|${version}` });
    const row = {
      cloud_account_id: account,
      period: period.kind,
      date: new Date(period.start * 1_000).toISOString().slice(0, 10),
      data_version: version,
      written_at_ms: '1',
    };
    await client.insert({ table: 'account_periods', rows: [row], tag, tenant: account });
  }
}
