import type { ClickhouseClient } from '@cloudtuner/clickhouse';

const tag = { surface: 'test', route: 'summaries' };
const unknown = {
  ...{ gpu_cost: null, storage_cost: null, network_cost: null, load_balancer_cost: null, management_cost: null },
  ...{ cpu_core_usage_hours: null, cpu_core_measured_request_hours: null },
  ...{ ram_byte_usage_hours: null, ram_byte_measured_request_hours: null, efficiency_score: null },
};

/** A row as a test gives it: what it cost in CPU is all that it cost. */
export interface TestSummaryRow {
  readonly namespace: string;
  readonly team: string;
  readonly owner?: string;
  readonly cpu: string;
  readonly difference?: string;
  readonly used?: number;
}

const amountsOf = ({
  namespace,
  team,
  owner = '__unallocated__',
  cpu,
  difference = null,
}: Omit<TestSummaryRow, 'difference'> & { difference?: string | null }) => ({
  ...{ namespace, team, owner, cpu_cost: cpu, memory_cost: '0', shared_cost: '0', total_cost: cpu },
  ...{ metrics_total_cost: cpu, difference_cost: difference },
});

/** Stores a window in the order of the worker. */
export async function storeSummary(
  client: ClickhouseClient,
  account: string,
  of: {
    readonly duration: string;
    readonly start: number;
    readonly version: string;
    readonly closedHours: number;
    readonly rows: readonly TestSummaryRow[];
    readonly writtenAtMs?: number;
    /** Rows that the pointer promises, if not all. */
    readonly claimed?: number;
    /** Of its closed hours, if not all of them. */
    readonly measuredSeconds?: number;
  },
): Promise<void> {
  const { duration, start, version, closedHours, rows, writtenAtMs = 1, claimed = rows.length } = of;
  const { measuredSeconds = closedHours * 3_600 } = of;
  const place = { cloud_account_id: account, window_duration: duration, timestamp: start, data_version: version };
  await client.insert({
    table: 'cost_summaries',
    rows: rows.map(({ used = null, ...row }) => ({
      ...{ ...place, ...unknown, ...amountsOf(row), source: 'metrics' },
      ...(used === null
        ? {}
        : {
            ...{ cpu_core_usage_hours: used, cpu_core_measured_request_hours: 10 },
            ...{ ram_byte_usage_hours: 0, ram_byte_measured_request_hours: 1 },
          }),
    })),
    tag,
    tenant: account,
  });
  const pointer = {
    ...{ ...place, inputs_version: '', rules_version: 3, written_at_ms: String(writtenAtMs), rows: claimed },
    ...{ total_cost: '0', metrics_total_cost: '0', closed_hours: closedHours, api_hours: 0 },
    ...{ measured_seconds: measuredSeconds, expected_seconds: closedHours * 3_600 },
  };
  await client.insert({ table: 'cost_summary_windows', rows: [pointer], tag, tenant: account });
}

/** Posts a version of a month, with the rows of its adjustment. */
export async function storePosting(
  client: ClickhouseClient,
  account: string,
  of: {
    readonly month: number;
    readonly sequence: number;
    readonly version: string;
    readonly rows: number;
    readonly postedAtMs: number;
    readonly changes?: readonly TestSummaryRow[];
  },
): Promise<void> {
  const { month: timestamp, sequence, version, rows, postedAtMs, changes = [] } = of;
  const place = { cloud_account_id: account, timestamp, sequence, data_version: version };
  if (changes.length > 0) {
    const { gpu_cost, storage_cost, network_cost, load_balancer_cost, management_cost } = unknown;
    const others = { gpu_cost, storage_cost, network_cost, load_balancer_cost, management_cost };
    const adjustment = changes.map((change) => ({ ...place, ...others, ...amountsOf(change) }));
    await client.insert({ table: 'cost_adjustments', rows: adjustment, tag, tenant: account });
  }
  const posting = {
    ...{ ...place, from_version: '', reason: sequence === 0 ? 'closed' : 'data', rules_version: 3, rows },
    ...{ precedence: String(Number.MAX_SAFE_INTEGER - postedAtMs), posted_at_ms: String(postedAtMs) },
    ...{ adjustment_rows: changes.length, total_cost: '0' },
  };
  await client.insert({ table: 'cost_postings', rows: [posting], tag, tenant: account });
}
