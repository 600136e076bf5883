import type { LabelledValue, WorkloadUsage } from './workload-usage';
import { createWorkloadFinder, exportedLabel, type Workload } from './workloads';

/** Hours of a month, as Kubecost and the cloud providers count them. */
const hoursPerMonth = 730;
const bytesPerGib = 2 ** 30;

/** What one resource of a workload's container was given, used and needs, per pod. Null is unknown. */
export interface ResourceSaving {
  readonly workload: Workload;
  /** Mean number of pods over the window. */
  readonly replicas: number | null;
  readonly requested: number | null;
  readonly usedP95: number | null;
  readonly usedMax: number | null;
  readonly recommended: number | null;
  /** In currency units; negative where more should be requested. */
  readonly monthlySaving: number | null;
}

export interface RightSizing {
  readonly cpu: readonly ResourceSaving[];
  readonly memory: readonly ResourceSaving[];
  readonly cpuCoreHourPrice: number | null;
  readonly ramGibHourPrice: number | null;
}

/** One pod's container: what the series of several exporters say about it. */
interface ContainerUsage {
  readonly workload: Workload;
  presence: number | null;
  requested: number | null;
  usedP95: number | null;
  usedMax: number | null;
}

type Measured = 'presence' | 'requested' | 'usedP95' | 'usedMax';

interface ResourceInputs extends Readonly<Record<Measured, readonly LabelledValue[]>> {
  readonly workloadOf: (labels: LabelledValue['labels']) => Workload;
}

const greater = (a: number | null, b: number): number => (a === null || b > a ? b : a);

/** Joins what is known of each container; where two series tell of one, the greater value stands. */
function containersOf({ workloadOf, ...inputs }: ResourceInputs): ContainerUsage[] {
  const containers = new Map<string, ContainerUsage>();
  for (const measured of Object.keys(inputs) as Measured[]) {
    for (const { labels, value } of inputs[measured]) {
      const key = JSON.stringify(['namespace', 'pod', 'container'].map((name) => exportedLabel(labels, name)));
      const known = containers.get(key) ?? {
        workload: workloadOf(labels),
        presence: null,
        requested: null,
        usedP95: null,
        usedMax: null,
      };
      known[measured] = greater(known[measured], value);
      containers.set(key, known);
    }
  }
  return [...containers.values()];
}

function greatest(values: readonly (number | null)[]): number | null {
  return values.reduce((most: number | null, value) => (value === null ? most : greater(most, value)), null);
}

/** The mean request of the pods, each weighted by how long it was there. */
function meanRequest(containers: readonly ContainerUsage[]): number | null {
  const requesting = containers.filter(({ requested }) => requested !== null);
  if (requesting.length === 0) return null;
  const weights = requesting.map(({ presence }) => presence ?? 0);
  const weight = weights.reduce((a, b) => a + b, 0);
  if (weight === 0) return greatest(requesting.map(({ requested }) => requested));
  return requesting.reduce((sum, { requested }, index) => sum + ((requested ?? 0) * (weights[index] ?? 0)) / weight, 0);
}

const roundedToNanos = (amount: number): number => Math.round(amount * 1e9) / 1e9;

interface Sizing {
  readonly recommend: (used: Pick<ResourceSaving, 'usedP95' | 'usedMax'>) => number | null;
  /** Currency per unit of the resource and hour. */
  readonly unitPrice: number | null;
}

function savingOf(
  containers: readonly ContainerUsage[],
  { recommend, unitPrice }: Sizing,
): Omit<ResourceSaving, 'workload'> {
  const used = {
    usedP95: greatest(containers.map(({ usedP95 }) => usedP95)),
    usedMax: greatest(containers.map(({ usedMax }) => usedMax)),
  };
  const present = containers.flatMap(({ presence }) => presence ?? []);
  const replicas = present.length === 0 ? null : present.reduce((a, b) => a + b, 0);
  const requested = meanRequest(containers);
  const recommended = recommend(used);
  const monthlySaving =
    requested === null || recommended === null || replicas === null || unitPrice === null
      ? null
      : roundedToNanos((requested - recommended) * replicas * unitPrice * hoursPerMonth);
  return { replicas, requested, ...used, recommended, monthlySaving };
}

const workloadKey = (workload: Workload): string =>
  JSON.stringify([workload.namespace, workload.controllerKind, workload.controller, workload.container]);

/** Greatest saving first, unknown ones last, then by name. */
function bySaving(a: ResourceSaving, b: ResourceSaving): number {
  const difference = (b.monthlySaving ?? -Infinity) - (a.monthlySaving ?? -Infinity);
  if (difference > 0 || difference < 0) return difference;
  return workloadKey(a.workload) < workloadKey(b.workload) ? -1 : 1;
}

function savingsBy(inputs: ResourceInputs, sizing: Sizing): ResourceSaving[] {
  const groups = new Map<string, [ContainerUsage, ...ContainerUsage[]]>();
  for (const container of containersOf(inputs)) {
    const key = workloadKey(container.workload);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [container]);
    else group.push(container);
  }
  return [...groups.values()]
    .map((group) => ({ workload: group[0].workload, ...savingOf(group, sizing) }))
    .sort(bySaving);
}

function meanOf(entries: readonly LabelledValue[]): number | null {
  return entries.length === 0 ? null : entries.reduce((sum, { value }) => sum + value, 0) / entries.length;
}

/**
 * What each workload requested, used and should request: cores by the 95th percentile of usage, memory by its greatest
 * usage, both with headroom. A saving is valued at the mean price of the cluster's nodes.
 */
export function rightSize(
  usage: WorkloadUsage,
  headroom: { readonly cpu: number; readonly memory: number },
): RightSizing {
  const workloadOf = createWorkloadFinder(usage.podOwners, usage.replicaSetOwners);
  const requestsOf = (resource: string): LabelledValue[] =>
    usage.requests.filter(({ labels }) => labels['resource'] === resource);
  const cpuCoreHourPrice = meanOf(usage.cpuPrices);
  const ramGibHourPrice = meanOf(usage.ramPrices);
  const { presence } = usage;
  return {
    cpu: savingsBy(
      { workloadOf, presence, requested: requestsOf('cpu'), usedP95: usage.cpuP95, usedMax: usage.cpuMax },
      {
        recommend: ({ usedP95 }) => (usedP95 === null ? null : usedP95 * headroom.cpu),
        unitPrice: cpuCoreHourPrice,
      },
    ),
    memory: savingsBy(
      { workloadOf, presence, requested: requestsOf('memory'), usedP95: usage.memoryP95, usedMax: usage.memoryMax },
      {
        recommend: ({ usedMax }) => (usedMax === null ? null : Math.ceil(usedMax * headroom.memory)),
        unitPrice: ramGibHourPrice === null ? null : ramGibHourPrice / bytesPerGib,
      },
    ),
    cpuCoreHourPrice,
    ramGibHourPrice,
  };
}
