import {
  allocationDayRow,
  planReading,
  readAllocationDays,
  readWorkloadDays,
  workloadDayRow,
  type AllocationColumn,
  type BoundStatement,
  type ClickhouseClient,
  type WorkloadDimension,
  type WorkloadFilter,
} from '@cloudtuner/clickhouse';
import { msPerDay, parseNanos, type TimeWindow } from '@cloudtuner/cost-model';
import type { z } from 'zod';
import { lacking, type ExpenseFilter } from '../../domain/expenses/expense-filter';
import type { ReadContext } from '../../ports';
import type { DayValue, WorkloadCostsReader } from '../../expense-ports';

const surface = 'restapi';
/** Hours of so many days fit into the parameters of one statement. */
const daysPerStatement = 31;

const dimensions = { k8s_node: 'node', k8s_namespace: 'namespace', k8s_service: 'service' } as const;

const texts = (values: readonly string[] | undefined): readonly string[] | undefined =>
  values?.map((value) => (value === lacking ? '' : value));

function toWorkloadFilter(filter: ExpenseFilter): WorkloadFilter {
  const namespaces = texts(filter.k8s_namespace);
  const nodes = texts(filter.k8s_node);
  const services = texts(filter.k8s_service);
  return {
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(services === undefined ? {} : { services }),
  };
}

/** Columns that rows must still have; services are only kept by pod. */
function columnsOf(by: WorkloadDimension | null, filter: WorkloadFilter): AllocationColumn[] {
  const needs = (dimension: WorkloadDimension, wanted: readonly string[] | undefined): boolean =>
    by === dimension || wanted !== undefined;
  return [
    ...(needs('namespace', filter.namespaces) ? (['namespace'] as const) : []),
    ...(needs('node', filter.nodes) ? (['node'] as const) : []),
    ...(needs('service', filter.services) ? (['pod'] as const) : []),
  ];
}

function pieces({ startMs, endMs }: TimeWindow): TimeWindow[] {
  const cut: TimeWindow[] = [];
  for (let fromMs = startMs; fromMs < endMs;) {
    const midnightMs = (Math.floor(fromMs / msPerDay) + daysPerStatement) * msPerDay;
    cut.push({ startMs: fromMs, endMs: Math.min(midnightMs, endMs) });
    fromMs = midnightMs;
  }
  return cut;
}

/** Costs by workload in ClickHouse, from the smallest tables that have them. */
export function createClickhouseWorkloadCosts(
  client: ClickhouseClient,
  limits: { readonly maxExecutionSeconds: number },
): WorkloadCostsReader {
  const ask = <Row>(
    account: string,
    bound: BoundStatement,
    schema: z.ZodType<Row>,
    { route, signal }: ReadContext,
  ): Promise<Row[]> => client.query({ ...bound, schema, tag: { surface, route }, tenant: account, limits, signal });

  return {
    async readDays(cloudAccountId, window, question, context) {
      const by = question.by === null ? null : dimensions[question.by];
      const filter = toWorkloadFilter(question.filter);
      const group = { columns: columnsOf(by, filter), labelKeys: [] };
      const values: DayValue[] = [];
      for (const piece of pieces(window)) {
        const [from, until] = [piece.startMs / 1000, piece.endMs / 1000];
        const days = await ask(
          cloudAccountId,
          readAllocationDays(cloudAccountId, { from, until }),
          allocationDayRow,
          context,
        );
        const plan = planReading(days, group, { from, stepSeconds: null });
        const rows = await ask(
          cloudAccountId,
          readWorkloadDays(cloudAccountId, { plan, by, filter }),
          workloadDayRow,
          context,
        );
        for (const { day, value, cost } of rows) {
          values.push({ dayMs: day * 1000, value, cost: parseNanos(cost), count: 0 });
        }
      }
      return values;
    },
  };
}
