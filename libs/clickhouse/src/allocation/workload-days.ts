import { z } from 'zod';
import type { ReadingPlan } from './reading-plan';
import { dayParams, hourParams, inDays, inHours, type BoundStatement } from './statement';

/** What the costs of a cluster can be told apart by, beside the day. */
export type WorkloadDimension = 'namespace' | 'node' | 'service';

/** Which rows count; a list that is absent lets all through. An empty text stands for rows that lack the dimension. */
export interface WorkloadFilter {
  readonly namespaces?: readonly string[];
  readonly nodes?: readonly string[];
  readonly services?: readonly string[];
}

/** What to read by a plan; `by` null: one sum a day. */
export interface WorkloadReading {
  readonly plan: ReadingPlan;
  readonly by: WorkloadDimension | null;
  readonly filter: WorkloadFilter;
}

/** Row of {@link readWorkloadDays}; `value` empty: the rows lack the dimension. */
export const workloadDayRow = z.object({ day: z.number(), value: z.string(), cost: z.string() });

const columnOf = { namespace: 'f.namespace', node: 'f.node' } as const;

/** A pod behind several services is counted once, under all of their names. */
const valueOf = (by: WorkloadDimension | null): string =>
  by === null ? "''" : by === 'service' ? "arrayStringConcat(arraySort(f.services), ',')" : columnOf[by];

function conditionsOf({ namespaces, nodes, services }: WorkloadFilter): readonly string[] {
  return [
    ...(namespaces === undefined ? [] : ['f.namespace IN {namespaces:Array(String)}']),
    ...(nodes === undefined ? [] : ['f.node IN {nodes:Array(String)}']),
    ...(services === undefined
      ? []
      : [
          "(hasAny(f.services, {services:Array(String)}) OR (empty(f.services) AND has({services:Array(String)}, '')))",
        ]),
  ];
}

/**
 * The cost of each day of a plan by a dimension, of the rows that the filter lets through. Idle and what no container caused are rows
 * like others, without a namespace and services. The plan must have a group with the columns of `by` and `filter`, or `pod` for services.
 *
 * @throws RangeError for a plan with periods: their days cannot be told apart
 */
export function readWorkloadDays(account: string, { plan, by, filter }: WorkloadReading): BoundStatement {
  if (plan.groupPeriods.length + plan.podPeriods.length > 0)
    throw new RangeError('periods cannot be divided into days');
  const where = conditionsOf(filter)
    .map((condition) => ` AND ${condition}`)
    .join('');
  const dayOf = "toUnixTimestamp(toDateTime(f.date, 'UTC'))";
  const branch = (table: string, day: string, condition: string): string =>
    `SELECT ${day} AS day, ${valueOf(by)} AS value, f.total_cost AS cost FROM ${table} AS f WHERE ${condition}${where}`;
  const branches = [
    ...(plan.groupDays.length === 0
      ? []
      : [branch('allocation_dimension_days', dayOf, `f.dimension = {dimension:String} AND ${inDays('groupDays')}`)]),
    ...(plan.podDays.length === 0 ? [] : [branch('allocation_days', dayOf, inDays('podDays'))]),
    branch('allocation_hours', "toUnixTimestamp(toDateTime(toDate(f.hour), 'UTC'))", inHours),
  ];
  return {
    sql: `SELECT day, value, sum(cost) AS cost FROM (${branches.join(' UNION ALL ')}) GROUP BY day, value ORDER BY day, value`,
    params: {
      account,
      ...(plan.groupDays.length === 0 ? {} : { dimension: plan.dimension, ...dayParams('groupDays', plan.groupDays) }),
      ...(plan.podDays.length === 0 ? {} : dayParams('podDays', plan.podDays)),
      ...hourParams(plan.hours),
      ...(filter.namespaces === undefined ? {} : { namespaces: filter.namespaces }),
      ...(filter.nodes === undefined ? {} : { nodes: filter.nodes }),
      ...(filter.services === undefined ? {} : { services: filter.services }),
    },
  };
}
