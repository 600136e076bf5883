import {
  consistencyOf,
  groupBy,
  nanosOrNull,
  parseNanos,
  piecesOf,
  reconciledNoNamespace,
  reconciledResources,
  sumKnownNanos,
  sumNanos,
  type Nanos,
  type ReconciledCost,
} from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { z } from 'zod';
import type { HourWindow } from '../allocation/allocation-days';
import type { ClickhouseClient, QueryLimits, QueryTag } from '../client-port';
import {
  comparedHourRow,
  ourCostRow,
  readComparedHours,
  readOurCosts,
  readTheirCosts,
  theirCostRow,
  type ComparedHour,
} from './reconciliation';

/** A window as we and Kubecost have it, over the hours that both have closed. */
export interface Reconciliation {
  readonly hours: readonly ComparedHour[];
  /** Only where one of the two has a cost; sorted by namespace, then in the order of the resources. */
  readonly costs: readonly ReconciledCost[];
  /** What Kubecost divides or takes from elsewhere: there is nothing of ours to hold it against. */
  readonly kubecostOnly: { readonly shared: Nanos; readonly external: Nanos; readonly other: Nanos };
  /** Null when there is nothing to compare. */
  readonly consistency: number | null;
}

interface Asking {
  readonly tag: QueryTag;
  readonly limits?: QueryLimits;
  readonly signal?: AbortSignal;
}

type Sides = readonly { readonly ours: readonly OurRow[]; readonly theirs: readonly TheirRow[] }[];
type OurRow = z.output<typeof ourCostRow>;
type TheirRow = z.output<typeof theirCostRow>;

// A month: 65 kB of versions.
const hoursPerStatement = 744;
// Versions that were superseded are removed some time after; another reading knows the new ones.
const attempts = 3;

const countOf = (rows: readonly { readonly rows: number; readonly idle_rows?: number }[]): number =>
  rows.reduce((sum, row) => sum + row.rows + (row.idle_rows ?? 0), 0);

/** Null when rows of these versions are missing. */
async function readSides(
  client: ClickhouseClient,
  tenant: string,
  { hours, asking }: { readonly hours: readonly ComparedHour[]; readonly asking: Asking },
): Promise<Sides | null> {
  const sides: { ours: OurRow[]; theirs: TheirRow[] }[] = [];
  for (const piece of piecesOf(hours, hoursPerStatement)) {
    const [ours, theirs] = await Promise.all([
      client.query({ ...readOurCosts(tenant, piece), schema: ourCostRow, tenant, ...asking }),
      client.query({ ...readTheirCosts(tenant, piece), schema: theirCostRow, tenant, ...asking }),
    ]);
    const expected = (side: 'ours' | 'theirs'): number => piece.reduce((sum, hour) => sum + hour[side].rows, 0);
    if (countOf(ours) !== expected('ours') || countOf(theirs) !== expected('theirs')) return null;
    sides.push({ ours, theirs });
  }
  return sides;
}

const namespaceOf = ({ namespace }: { readonly namespace: string }): string => namespace || reconciledNoNamespace;

function compare(hours: readonly ComparedHour[], sides: Sides): Reconciliation {
  const ours = sides.flatMap((side) => side.ours).filter(({ rows }) => rows > 0);
  const theirs = sides.flatMap((side) => side.theirs);
  const [oursByName, theirsByName] = [groupBy(ours, namespaceOf), groupBy(theirs, namespaceOf)];
  const namespaces = [...new Set([...oursByName.keys(), ...theirsByName.keys()])].sort();
  const costs = namespaces.flatMap((namespace) => {
    const ownRows = oursByName.get(namespace) ?? [];
    const theirRows = theirsByName.get(namespace) ?? [];
    return reconciledResources.map((resource): ReconciledCost => {
      const column = `${resource}_cost_sum` as const;
      const own = ownRows.length === 0 ? 0n : sumKnownNanos(ownRows.map((row) => nanosOrNull(row[column])));
      const their = sumNanos(theirRows.map((row) => parseNanos(row[column])));
      return { namespace, resource, ours: own, theirs: their, difference: own === null ? null : own - their };
    });
  });
  const withCost = costs.filter((cost) => (cost.ours ?? 0n) !== 0n || cost.theirs !== 0n);
  const only = (column: 'shared_cost_sum' | 'external_cost_sum' | 'other_cost_sum'): Nanos =>
    sumNanos(theirs.map((row) => parseNanos(row[column])));
  return {
    hours,
    costs: withCost,
    kubecostOnly: {
      shared: only('shared_cost_sum'),
      external: only('external_cost_sum'),
      other: only('other_cost_sum'),
    },
    consistency: consistencyOf(withCost),
  };
}

/**
 * Holds what Kubecost said of the closed hours of a window against our facts of them, per namespace and resource. The versions of both are
 * named first and then read, so that both sides are of the same hours, each whole. Idle is left out on both sides. Nothing of it is part of
 * a total of ours.
 *
 * @throws AppError `facts-incomplete` when versions go away faster than they can be read, `clickhouse-*`
 */
export async function readReconciliation(
  client: ClickhouseClient,
  tenant: string,
  { window, ...asking }: { readonly window: HourWindow } & Asking,
): Promise<Reconciliation> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const hours = await client.query({
      ...readComparedHours(tenant, window),
      schema: comparedHourRow,
      tenant,
      ...asking,
    });
    const sides = await readSides(client, tenant, { hours, asking });
    if (sides !== null) return compare(hours, sides);
  }
  throw new AppError('facts-incomplete', 'ClickHouse does not hold all rows of the hours that are compared.');
}
