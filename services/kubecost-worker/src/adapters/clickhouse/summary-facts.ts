import {
  allocationSumRow,
  planOfHours,
  readAllocations,
  type AllocationSumRow,
  type ClickhouseClient,
  type QueryParams,
  type QueryTag,
} from '@cloudtuner/clickhouse';
import {
  allocationKinds,
  costComponents,
  groupBy,
  nanosOrNull,
  reconciledNoNamespace,
  wholeCoverage,
  type SaidCosts,
  type SummaryFacts,
} from '@cloudtuner/cost-model';
import { z } from 'zod';
import { daySeconds, hourSeconds } from '../../domain/calendar';
import type { HourCosts, HourInputs, SummaryGrouping, SummaryStore } from '../../summary-ports';
import { dateOf } from './rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'summarize' };
/** A day of 10,000 workloads. */
const limits = { maxResultRows: 1_000_000 };

const summarizableRow = z
  .object({ day: z.number(), closed_hours: z.coerce.number(), hours_version: z.string() })
  .transform(({ day, closed_hours, hours_version }) => ({
    ...{ day, closedHours: closed_hours, hoursVersion: hours_version },
  }));

const inputsRow = z
  .object({
    hour: z.number(),
    data_version: z.string(),
    allocation_rows: z.number().nullable(),
    asset_rows: z.number(),
    measured_seconds: z.number(),
    expected_seconds: z.number(),
    said_version: z.string(),
    said_rows: z.number(),
  })
  .transform((row): HourInputs => ({
    hour: row.hour,
    dataVersion: row.data_version,
    rows: row.allocation_rows,
    assetRows: row.asset_rows,
    measuredSeconds: row.measured_seconds,
    expectedSeconds: row.expected_seconds,
    said: row.said_version === '' ? null : { dataVersion: row.said_version, rows: row.said_rows },
  }));

/** Closed hours with the last that Kubecost said of them; the parameters are `account`, `from` and `until`. */
const closedHours = `
  SELECT ours.hour AS hour, ours.latest.1 AS data_version, ours.latest.2 AS allocation_rows,
         toUInt32(round(ours.latest.4)) AS measured_seconds, toUInt32(round(ours.latest.5)) AS expected_seconds,
         ours.latest.6 AS asset_rows, theirs.latest.1 AS said_version, theirs.latest.2 AS said_rows
  FROM (
    SELECT hour, argMax((data_version, allocation_rows, closed, measured_seconds, expected_seconds, rows), read_at_ms) AS latest
    FROM account_hours
    WHERE cloud_account_id = {account:UUID} AND hour >= toDateTime({from:UInt32}) AND hour < toDateTime({until:UInt32})
    GROUP BY hour HAVING latest.3
  ) AS ours
  LEFT JOIN (
    SELECT hour, argMax((data_version, rows), said_at_ms) AS latest FROM kubecost_statements
    WHERE cloud_account_id = {account:UUID} AND hour >= toDateTime({from:UInt32}) AND hour < toDateTime({until:UInt32})
    GROUP BY hour
  ) AS theirs ON theirs.hour = ours.hour`;

/** The version of a day as `hoursVersionOf` of the domain makes it, without bringing every hour's version here. */
const days = `
  SELECT toUnixTimestamp(toDateTime(toDate(hour, 'UTC'), 'UTC')) AS day, count() AS closed_hours,
         lower(hex(SHA256(arrayStringConcat(arrayMap(
           x -> concat(toString(x.1), ' ', x.2, ' ', toString(x.3), ' ', toString(x.4), ' ', x.5, '\\n'),
           arraySort(groupArray((toUnixTimestamp(hour), data_version, measured_seconds, expected_seconds, said_version)))))))) AS hours_version
  FROM (${closedHours}) GROUP BY day ORDER BY day SETTINGS join_use_nulls = 0`;

const money = z.string().nullable();
const costsRow = z.object({
  cpu_cost: money,
  ram_cost: money,
  gpu_cost: money,
  pv_cost: money,
  network_cost: money,
  load_balancer_cost: money,
  management_cost: money,
});
const assetRow = costsRow.extend({ step: z.number(), rows: z.coerce.number() });
const saidRow = costsRow.omit({ management_cost: true }).extend({
  step: z.number(),
  namespace: z.string(),
  controller_kind: z.string(),
  controller: z.string(),
  label_values: z.array(z.string()),
  rows: z.coerce.number(),
});
type SaidRow = z.output<typeof saidRow>;
const spokenRow = z.object({ step: z.number(), said_minutes: z.number(), own_minutes: z.number() });

const costsOf = (row: Readonly<Record<string, unknown>> & z.output<typeof costsRow>): SummaryFacts['costs'] => ({
  cpu_cost: nanosOrNull(row.cpu_cost),
  ram_cost: nanosOrNull(row.ram_cost),
  gpu_cost: nanosOrNull(row.gpu_cost),
  pv_cost: nanosOrNull(row.pv_cost),
  network_cost: nanosOrNull(row.network_cost),
  load_balancer_cost: nanosOrNull(row.load_balancer_cost),
  management_cost: nanosOrNull(row.management_cost),
});
const labelsOf = (keys: readonly string[], values: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(keys.map((key, index) => [key, values[index] ?? ''] as const).filter(([, value]) => value !== ''));

const unmeasured: SummaryFacts['quantities'] = {
  ...{ cpu_core_usage_hours: null, cpu_core_measured_request_hours: null },
  ...{ ram_byte_usage_hours: null, ram_byte_measured_request_hours: null },
};

const factsOf = (row: AllocationSumRow, { labelKeys }: SummaryGrouping): SummaryFacts => ({
  kind: z.enum(allocationKinds).parse(row.kind),
  assetType: row.asset_type,
  namespace: row.namespace,
  controllerKind: row.controller_kind,
  controller: row.controller,
  labels: labelsOf(labelKeys, row.label_values),
  costs: costsOf(row),
  quantities: {
    cpu_core_usage_hours: row.cpu_core_usage_hours,
    cpu_core_measured_request_hours: row.cpu_core_measured_request_hours,
    ram_byte_usage_hours: row.ram_byte_usage_hours,
    ram_byte_measured_request_hours: row.ram_byte_measured_request_hours,
  },
});

const saidOf = (row: SaidRow, { labelKeys }: SummaryGrouping): SaidCosts => ({
  namespace: row.namespace,
  controllerKind: row.controller_kind,
  controller: row.controller,
  labels: labelsOf(labelKeys, row.label_values),
  costs: costsOf({ ...row, management_cost: null }),
});

const rowsExpected = (hours: readonly { readonly rows: number | null }[]): number =>
  hours.reduce((sum, { rows }) => sum + (rows ?? 0), 0);

/** Null when rows are missing. */
async function readOwn(
  client: ClickhouseClient,
  tenant: string,
  of: { readonly hours: readonly HourInputs[]; readonly grouping: SummaryGrouping; readonly signal: AbortSignal },
): Promise<AllocationSumRow[] | null> {
  const { hours, grouping, signal } = of;
  const [first] = hours;
  const expected = rowsExpected(hours);
  if (first === undefined || expected === 0) return [];
  const { labelKeys, withControllers } = grouping;
  const reading = {
    plan: planOfHours(hours, expected),
    group: {
      columns: withControllers ? (['namespace', 'controller_kind', 'controller'] as const) : (['namespace'] as const),
      labelKeys,
    },
    ...{ from: first.hour, stepSeconds: hourSeconds, top: null },
  };
  const rows = await client.query({
    ...readAllocations(tenant, reading),
    ...{ schema: allocationSumRow, tag, tenant, limits, signal },
  });
  return rows.reduce((sum, row) => sum + row.fact_rows, 0) === expected ? rows : null;
}

const versionsOf = (name: string, hours: readonly { hour: number; dataVersion: string }[]): QueryParams => ({
  [`${name}Dates`]: [...new Set(hours.map(({ hour }) => dateOf(hour)))],
  [name]: hours.map(({ hour, dataVersion }) => ({ tuple: [hour, dataVersion] })),
});
const inVersions = (
  name: string,
): string => `cloud_account_id = {account:UUID} AND toDate(hour) IN {${name}Dates:Array(Date)}
  AND (toUnixTimestamp(hour), data_version) IN {${name}:Array(Tuple(UInt32, String))}`;

/**
 * What Kubecost said, with what we know of its pods: Kubecost's rows carry no labels. A pod of one name that had two sets of labels in an hour
 * has one of them, the same in every reading; one that we do not know has none.
 */
const saidCosts = ({ withControllers, labelKeys }: SummaryGrouping): string => `
  SELECT toUnixTimestamp(k.hour) AS step, k.namespace AS namespace, o.owner.1 AS controller_kind, o.owner.2 AS controller,
         o.owner.3 AS label_values, sum(k.said_rows) AS rows, sum(k.cpu) AS cpu_cost, sum(k.ram) AS ram_cost, sum(k.gpu) AS gpu_cost,
         sum(k.pv) AS pv_cost, sum(k.network) AS network_cost, sum(k.load_balancer) AS load_balancer_cost
  FROM (
    SELECT hour, toString(namespace) AS namespace, pod, count() AS said_rows, sum(cpu_cost) AS cpu, sum(ram_cost) AS ram, sum(gpu_cost) AS gpu,
           sum(pv_cost) AS pv, sum(network_cost) AS network, sum(load_balancer_cost) AS load_balancer
    FROM kubecost_hours WHERE ${inVersions('theirs')} GROUP BY hour, namespace, pod
  ) AS k
  LEFT JOIN (
    SELECT hour, toString(namespace) AS namespace, pod,
           max((${withControllers ? 'toString(controller_kind), controller' : "'', ''"},
                ${labelKeys.length === 0 ? "CAST([], 'Array(String)')" : 'arrayMap(key -> labels[key], {labelKeys:Array(String)})'})) AS owner
    FROM allocation_hours WHERE ${inVersions('ours')} AND kind = 'container' GROUP BY hour, namespace, pod
  ) AS o ON o.hour = k.hour AND o.namespace = k.namespace AND o.pod = k.pod
  GROUP BY step, namespace, controller_kind, controller, label_values
  ORDER BY step, namespace, controller_kind, controller, label_values SETTINGS join_use_nulls = 0`;

/** How long pods ran, added up: as Kubecost has it and as we do. A pod without a name is no pod. */
const spokenMinutes = `
  SELECT toUnixTimestamp(hour) AS step, sum(theirs) AS said_minutes, sum(ours) AS own_minutes FROM (
    SELECT hour, toString(namespace) AS namespace, pod, max(minutes) AS theirs, 0. AS ours FROM kubecost_hours
    WHERE ${inVersions('theirs')} AND namespace NOT IN ('', {noNamespace:String}) GROUP BY hour, namespace, pod
    UNION ALL
    SELECT hour, toString(namespace) AS namespace, pod, 0. AS theirs, max(covered_seconds) / 60 AS ours FROM allocation_hours
    WHERE ${inVersions('ours')} AND kind = 'container' GROUP BY hour, namespace, pod
  ) GROUP BY step`;

interface SaidHours {
  readonly rows: readonly SaidRow[];
  /** Those of which Kubecost knows as good as all. */
  readonly whole: ReadonlySet<number>;
}

/** Null when rows are missing. */
async function readSaid(
  client: ClickhouseClient,
  tenant: string,
  of: { readonly hours: readonly HourInputs[]; readonly grouping: SummaryGrouping; readonly signal: AbortSignal },
): Promise<SaidHours | null> {
  const { grouping, signal } = of;
  const hours = of.hours.flatMap(({ hour, said, dataVersion }) => (said === null ? [] : [{ hour, said, dataVersion }]));
  if (hours.length === 0) return { rows: [], whole: new Set() };
  const { labelKeys } = grouping;
  const theirs = hours.map(({ hour, said }) => ({ hour, dataVersion: said.dataVersion }));
  const params = { account: tenant, ...versionsOf('ours', hours), ...versionsOf('theirs', theirs) };
  const rows = await client.query({
    sql: saidCosts(grouping),
    params: { ...params, ...(labelKeys.length === 0 ? {} : { labelKeys }) },
    ...{ schema: saidRow, tag, tenant, limits, signal },
  });
  const found = rows.reduce((sum, row) => sum + row.rows, 0);
  if (found !== rowsExpected(hours.map(({ said }) => said))) return null;
  const spoken = await client.query({
    sql: spokenMinutes,
    params: { ...params, noNamespace: reconciledNoNamespace },
    ...{ schema: spokenRow, tag, tenant, signal },
  });
  const whole = spoken.filter((row) => row.said_minutes >= wholeCoverage * row.own_minutes);
  return { rows, whole: new Set(whole.map(({ step }) => step)) };
}

/** What hours cost that were stored without pods: it is known by asset only, and so of nobody. */
async function readWithoutPods(
  client: ClickhouseClient,
  tenant: string,
  { hours, signal }: { readonly hours: readonly HourInputs[]; readonly signal: AbortSignal },
): Promise<ReadonlyMap<number, SummaryFacts> | null> {
  if (hours.length === 0) return new Map();
  const sums = costComponents.map((name) => `sum(${name}) AS ${name}`).join(', ');
  const rows = await client.query({
    sql: `SELECT toUnixTimestamp(a.hour) AS step, count() AS rows, ${sums.replaceAll('sum(', 'sum(a.')}
          FROM asset_hours AS a WHERE ${inVersions('hours')} GROUP BY step ORDER BY step`,
    params: { account: tenant, ...versionsOf('hours', hours) },
    ...{ schema: assetRow, tag, tenant, signal },
  });
  const found = new Map(rows.map((row) => [row.step, row.rows]));
  if (hours.some(({ hour, assetRows }) => (found.get(hour) ?? 0) !== assetRows)) return null;
  return new Map(
    rows.map((row) => [
      row.step,
      {
        ...{ kind: 'unattributed', assetType: '', namespace: '', controllerKind: '', controller: '', labels: {} },
        ...{ costs: costsOf(row), quantities: unmeasured },
      },
    ]),
  );
}

const stepOf = ({ step }: { readonly step: number }): number => step;

/** What summaries are made from, in the tables of hours. */
export function createSummaryFacts(
  client: ClickhouseClient,
): Pick<SummaryStore, 'listDays' | 'listHours' | 'readHours'> {
  return {
    listDays: (tenant, from) =>
      client.query({
        sql: days,
        params: { account: tenant, from, until: 4_294_967_295 },
        ...{ schema: summarizableRow, tag, tenant },
      }),
    listHours: (tenant, day) =>
      client.query({
        sql: `SELECT toUnixTimestamp(c.hour) AS hour, c.data_version AS data_version, c.allocation_rows AS allocation_rows,
                     c.measured_seconds AS measured_seconds, c.expected_seconds AS expected_seconds,
                     c.asset_rows AS asset_rows, c.said_version AS said_version, c.said_rows AS said_rows
              FROM (${closedHours}) AS c ORDER BY hour SETTINGS join_use_nulls = 0`,
        params: { account: tenant, from: day, until: day + daySeconds },
        ...{ schema: inputsRow, tag, tenant },
      }),
    async readHours(tenant, hours, grouping, signal) {
      const withPods = hours.filter(({ rows }) => rows !== null);
      const own = await readOwn(client, tenant, { hours: withPods, grouping, signal });
      const said = await readSaid(client, tenant, { hours: withPods, grouping, signal });
      if (own === null || said === null) return null;
      const withoutPods = await readWithoutPods(client, tenant, {
        ...{ hours: hours.filter(({ rows }) => rows === null), signal },
      });
      if (withoutPods === null) return null;
      const [ownByHour, saidByHour] = [groupBy(own, stepOf), groupBy(said.rows, stepOf)];
      return hours.map((inputs): HourCosts => {
        const { hour } = inputs;
        const ofNobody = withoutPods.get(hour);
        const facts = (ownByHour.get(hour) ?? []).map((row) => factsOf(row, grouping));
        return {
          hour,
          facts: ofNobody === undefined ? facts : [...facts, ofNobody],
          said: said.whole.has(hour) ? (saidByHour.get(hour) ?? []).map((row) => saidOf(row, grouping)) : null,
        };
      });
    },
  };
}
