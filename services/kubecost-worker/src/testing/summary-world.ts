import { allocationRulesSchema, type AllocationRulesInput, type VersionedRules } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { createKubecostStore } from '../adapters/clickhouse/kubecost-store';
import { createSummaryStore } from '../adapters/clickhouse/summary-store';
import type { SummarizeAccountPorts } from '../usecases/summarize-account';
import { clusterResourceId, type WorkerStore } from './worker-store';

const tag = { surface: 'test', route: 'summaries' };
const dayMs = 86_400_000;

/** What {@link summarizeAccount} works with on real servers, with a clock, rules and accounts that can be changed. */
export interface SummaryWorld {
  readonly ports: SummarizeAccountPorts;
  readonly clock: { nowMs: number };
  readonly rules: { versions: VersionedRules[] };
  readonly created: { at: Date };
}

/** Its month closes five days after its end. */
export function summaryWorld(store: WorkerStore): SummaryWorld {
  const clock = { nowMs: Date.now() };
  const rules: { versions: VersionedRules[] } = { versions: [] };
  const created = { at: new Date(0) };
  const account = (id: string) => ({
    ...{ id, organizationId: 'o', clusterResourceId, createdAt: created.at, lastReadAt: null },
    allocationLabelKeys: [],
  });
  return {
    ...{ clock, rules, created },
    ports: {
      accounts: { find: (id) => Promise.resolve(account(id)) },
      rules: { versionsOf: () => Promise.resolve(rules.versions) },
      summaries: createSummaryStore(store.clickhouse),
      locks: store.locks,
      now: () => clock.nowMs,
      log: { info: () => undefined, warn: () => undefined },
      closing: { closeDays: 5, lookbackHours: 168 },
      ...{ retentionDays: 400, daysPerTurn: 31 },
    },
  };
}

/** A version of rules. */
export const rulesOf = (version: number, rules: AllocationRulesInput): VersionedRules => ({
  version,
  rules: allocationRulesSchema.parse(rules),
});

const totalsRow = z.object({
  duration: z.string(),
  namespace: z.string(),
  team: z.string(),
  source: z.string(),
  total: z.string(),
  metrics: z.string(),
  difference: z.string().nullable(),
});

/** What is true of all windows, added up by their length; as a reader of the tables asks. */
export async function summaryTotals(
  store: WorkerStore,
  account: string,
  duration: string,
): Promise<Record<string, readonly (string | null)[]>> {
  const rows = await store.clickhouse.query({
    sql: `SELECT toString(window_duration) AS duration, namespace, team, min(source) AS source, sum(total_cost) AS total,
                 sum(metrics_total_cost) AS metrics, sum(difference_cost) AS difference
          FROM cost_summaries WHERE cloud_account_id = {account:UUID} AND window_duration = {duration:String}
            AND (timestamp, data_version) IN (
              SELECT timestamp, argMax(data_version, written_at_ms) FROM cost_summary_windows
              WHERE cloud_account_id = {account:UUID} AND window_duration = {duration:String} GROUP BY timestamp)
          GROUP BY duration, namespace, team ORDER BY namespace, team`,
    params: { account, duration },
    schema: totalsRow,
    tag,
    tenant: account,
  });
  return Object.fromEntries(
    rows.map(({ namespace, team, source, total, metrics, difference }) => [
      `${namespace} ${team}`,
      [source, total, metrics, difference],
    ]),
  );
}

/** The pods of a sample hour. */
const samplePods = [0, 1, 2].flatMap((node) =>
  [0, 1, 2].map((pod) => `${pod % 2 === 0 ? 'shop' : 'batch'}/web-node-${String(node)}-${String(pod)}`),
);

/** What Kubecost says of pods of an hour: their CPU cost in dollars by `namespace/pod`. The others ran as long and cost nothing. */
export async function sayHour(
  store: WorkerStore,
  of: { readonly account: string; readonly hour: number; readonly saidAtMs?: number; readonly minutes?: number },
  costByPod: Readonly<Record<string, string>>,
): Promise<void> {
  const { account, hour, saidAtMs = (hour + 3_600) * 1_000, minutes = 60 } = of;
  const kubecost = createKubecostStore(store.clickhouse);
  const nothing = '0.000000000';
  const costs = { ...Object.fromEntries(samplePods.map((name) => [name, nothing])), ...costByPod };
  const rows = Object.entries(costs).map(([name, cpu_cost]) => {
    const [namespace = '', pod = ''] = name.split('/');
    return {
      ...{ cluster_id: 'c', namespace, pod, container: 'main', node: 'n', minutes, cpu_cost },
      ...{ cpu_core_hours: 1, ram_byte_hours: 0, gpu_hours: 0, pv_byte_hours: 0 },
      ...{ network_transfer_bytes: 0, network_receive_bytes: 0 },
      ...{ ram_cost: nothing, gpu_cost: nothing, pv_cost: nothing, network_cost: nothing },
      ...{ load_balancer_cost: nothing, shared_cost: nothing, external_cost: nothing, other_cost: nothing },
    };
  });
  const key = { hour, dataVersion: String(saidAtMs) };
  await kubecost.figures.insert(account, key, rows, `${account}|${String(hour)}|${key.dataVersion}`);
  await kubecost.putStatement(account, { ...key, saidAtMs, sha256: key.dataVersion, rows: rows.length }, saidAtMs);
}

/** Start of the last day of the month before this one, and of this month; unix seconds. */
export function endOfLastMonth(): { readonly day: number; readonly end: number } {
  const today = new Date();
  const endMs = Date.UTC(today.getUTCFullYear(), today.getUTCMonth());
  return { day: (endMs - dayMs) / 1_000, end: endMs / 1_000 };
}
