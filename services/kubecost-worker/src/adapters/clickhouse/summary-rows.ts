import {
  formatCost,
  formatNanos,
  nanosOrNull,
  parseNanos,
  summaryEfficiencyOf,
  summarySources,
  type SummaryChange,
  type SummaryRow,
} from '@cloudtuner/cost-model';
import { z } from 'zod';

const money = z.string();
const known = money.nullable();
const quantity = z.number().nullable();

/** A row of `cost_summaries`. */
export const summaryRow = z
  .object({
    namespace: z.string(),
    team: z.string(),
    owner: z.string(),
    source: z.enum(summarySources),
    ...{ cpu_cost: known, memory_cost: known, gpu_cost: known, storage_cost: known },
    ...{ network_cost: known, load_balancer_cost: known, management_cost: known },
    ...{ shared_cost: money, total_cost: money, metrics_total_cost: money, difference_cost: known },
    ...{ cpu_core_usage_hours: quantity, cpu_core_measured_request_hours: quantity },
    ...{ ram_byte_usage_hours: quantity, ram_byte_measured_request_hours: quantity },
  })
  .transform((row): SummaryRow => ({
    ...{ namespace: row.namespace, team: row.team, owner: row.owner, source: row.source },
    costs: {
      cpu_cost: nanosOrNull(row.cpu_cost),
      ram_cost: nanosOrNull(row.memory_cost),
      gpu_cost: nanosOrNull(row.gpu_cost),
      pv_cost: nanosOrNull(row.storage_cost),
      network_cost: nanosOrNull(row.network_cost),
      load_balancer_cost: nanosOrNull(row.load_balancer_cost),
      management_cost: nanosOrNull(row.management_cost),
    },
    sharedCost: parseNanos(row.shared_cost),
    totalCost: parseNanos(row.total_cost),
    metricsTotalCost: parseNanos(row.metrics_total_cost),
    differenceCost: nanosOrNull(row.difference_cost),
    quantities: {
      cpu_core_usage_hours: row.cpu_core_usage_hours,
      cpu_core_measured_request_hours: row.cpu_core_measured_request_hours,
      ram_byte_usage_hours: row.ram_byte_usage_hours,
      ram_byte_measured_request_hours: row.ram_byte_measured_request_hours,
    },
  }));

/** The columns that summaries and adjustments share, as an insert takes them. */
export const amountFields = ({ namespace, team, owner, costs, ...row }: SummaryChange): Record<string, unknown> => ({
  ...{ namespace, team, owner },
  cpu_cost: formatCost(costs.cpu_cost),
  memory_cost: formatCost(costs.ram_cost),
  gpu_cost: formatCost(costs.gpu_cost),
  storage_cost: formatCost(costs.pv_cost),
  network_cost: formatCost(costs.network_cost),
  load_balancer_cost: formatCost(costs.load_balancer_cost),
  management_cost: formatCost(costs.management_cost),
  shared_cost: formatNanos(row.sharedCost),
  total_cost: formatNanos(row.totalCost),
  metrics_total_cost: formatNanos(row.metricsTotalCost),
  difference_cost: formatCost(row.differenceCost),
});

/** The other columns of a summary. */
export const summaryFields = (row: SummaryRow): Record<string, unknown> => ({
  source: row.source,
  ...row.quantities,
  efficiency_score: summaryEfficiencyOf(row),
});
