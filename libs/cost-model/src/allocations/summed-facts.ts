import { AppError } from '@cloudtuner/errors';
import { allocationFlags, allocationKinds } from '../allocation-fact';
import { assetTypes } from '../asset-fact';
import {
  allocationCosts,
  allocationQuantities,
  recordOf,
  type AllocationCost,
  type AllocationQuantity,
  type CostRow,
} from './cost-row';
import { nanosOrNull } from '../money';
import { propertiesOf, type AllocationProperties, type Owner } from './properties';
import { placerOf, type AllocationQuery, type RowPlacement } from './query';

/**
 * A sum of facts as a database makes it: one per step, kind, asset type and the columns and labels that the query groups
 * by, filters by and shares by; the node too when idle is shared or shown by node. Columns that were not asked for are empty.
 */
export interface SummedFacts
  extends Readonly<Record<AllocationQuantity, number | null>>, Readonly<Record<AllocationCost, string | null>> {
  /** Start of its step, in unix seconds. */
  readonly step: number;
  readonly kind: string;
  readonly asset_type: string;
  readonly node: string;
  readonly provider_id: string;
  readonly namespace: string;
  readonly controller_kind: string;
  readonly controller: string;
  readonly pod: string;
  readonly pod_uid: string;
  readonly container: string;
  /** Under the label keys that were asked for, in their order; empty where there is no such label. */
  readonly label_values: readonly string[];
  /** Empty unless the query is about services. */
  readonly services: readonly string[];
  /** Keys that there are, whatever their values; empty unless the query asks which there are. */
  readonly label_names: readonly string[];
  readonly annotation_names: readonly string[];
  /** Under the annotation keys that were asked for. */
  readonly annotation_values: readonly string[];
  readonly started_at_ms: number;
  readonly ended_at_ms: number;
  readonly cpu_core_usage_max: number | null;
  readonly ram_byte_usage_max: number | null;
  readonly flags: readonly string[];
}

/** What all sums of one reading have in common. */
export interface SummedWhat {
  readonly cluster: string;
  /** The keys of `label_values`. */
  readonly labelKeys: readonly string[];
  /** The keys of `annotation_values`; absent: none. */
  readonly annotationKeys?: readonly string[];
}

function oneOf<Value extends string>(values: readonly Value[], text: string): Value {
  const value = values.find((one) => one === text);
  if (value === undefined) throw new AppError('internal-error', `A sum of facts has the unknown word ${text}.`);
  return value;
}

function identityOf(sum: SummedFacts, cluster: string): string {
  const { step, kind, asset_type, node, namespace, controller_kind, controller, pod, pod_uid, container } = sum;
  const names = [kind, namespace, pod, pod_uid, container, controller_kind, controller, node, asset_type];
  const details = [sum.services, sum.label_names, sum.annotation_names, sum.annotation_values];
  const told = details.some(({ length }) => length > 0) ? details : [];
  return JSON.stringify([step, cluster, ...names, sum.provider_id, sum.label_values, ...told]);
}

/**
 * The rows of a query that sums of facts are. Volumes and load balancers are not told apart in sums, so their lists are
 * empty.
 *
 * @throws AppError `internal-error` for a kind or asset type that there is not.
 */
export function costRowsOfSums(sums: Iterable<SummedFacts>, what: SummedWhat, query: AllocationQuery): CostRow[] {
  const place = placerOf(query);
  return Array.from(sums, (sum) => costRowOf(sum, what, place));
}

/** Names with an unknown value have an empty one. */
function entriesOf(
  names: readonly string[],
  keys: readonly string[],
  values: readonly string[],
): Readonly<Record<string, string>> {
  const known = keys.map((key, index) => [key, values[index] ?? ''] as const).filter(([, value]) => value !== '');
  return Object.fromEntries([...names.map((name) => [name, ''] as const), ...known]);
}

function ownerOf(sum: SummedFacts, { labelKeys, annotationKeys = [] }: SummedWhat): Owner {
  return {
    ...sum,
    kind: oneOf(allocationKinds, sum.kind),
    asset_type: sum.asset_type === '' ? null : oneOf(assetTypes, sum.asset_type),
    services: [...sum.services],
    labels: entriesOf(sum.label_names, labelKeys, sum.label_values),
    annotations: entriesOf(sum.annotation_names, annotationKeys, sum.annotation_values),
  };
}

function costRowOf(
  sum: SummedFacts,
  what: SummedWhat,
  place: (properties: AllocationProperties) => RowPlacement,
): CostRow {
  const { cluster } = what;
  const owner = ownerOf(sum, what);
  const properties = propertiesOf(owner, cluster);
  const { name, matches, shared } = place(properties);
  return {
    name,
    matches,
    shared,
    id: identityOf(sum, cluster),
    kind: owner.kind,
    cluster,
    node: sum.node,
    atMs: sum.step * 1000,
    properties,
    startMs: sum.started_at_ms,
    endMs: sum.ended_at_ms,
    quantities: recordOf(allocationQuantities, (quantity) => sum[quantity]),
    costs: recordOf(allocationCosts, (cost) => nanosOrNull(sum[cost])),
    cpuCoreUsageMax: sum.cpu_core_usage_max,
    ramByteUsageMax: sum.ram_byte_usage_max,
    volumes: [],
    loadBalancers: [],
    flags: allocationFlags.filter((flag) => sum.flags.includes(flag)),
  };
}
