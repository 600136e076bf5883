import type { Series } from '@cloudtuner/cost-model';
import fc from 'fast-check';

/**
 * A cluster of one node and one container, each of whose inputs is there or not, and what each hour must then cost. It is
 * scraped on the minute; prices are thousandths that 3 divides, so that a minute of anything costs whole nanos:
 * p/1000 × 10^9 × 1/60 = p × 10^5 / 6 = (p/3) × 10^5 / 2.
 */
export interface KnownInputs {
  readonly cpuPrice: number | null;
  readonly ramPrice: number | null;
  /** Null: nobody tells of the node's capacity. */
  readonly cores: number | null;
  readonly gibs: number | null;
  readonly gpu: { readonly count: number; readonly price: number | null } | null;
  readonly volume: { readonly gibs: number; readonly price: number | null } | null;
  /** A counter that grows by one GiB a minute, from second to second alike. */
  readonly egress: { readonly price: number | null } | null;
  readonly loadBalancerPrice: number | null;
  readonly managementPrice: number | null;
  readonly isUsageMeasured: boolean;
  /** Minutes after the first hour's start between which nothing was scraped; more than the 5 that are bridged. */
  readonly gap: { readonly from: number; readonly minutes: number } | null;
}

const gib = 2 ** 30;
const minuteMs = 60_000;
const lastMinute = 125;

const price = fc.integer({ min: 1, max: 400 }).map((third) => 3 * third);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null, freq: 3 });

export const knownInputs: fc.Arbitrary<KnownInputs> = fc.record({
  cpuPrice: maybe(price),
  ramPrice: maybe(price),
  cores: maybe(fc.integer({ min: 4, max: 64 }).map((pairs) => 2 * pairs)),
  gibs: maybe(fc.integer({ min: 8, max: 256 }).map((pairs) => 2 * pairs)),
  gpu: maybe(fc.record({ count: fc.integer({ min: 1, max: 4 }).map((pairs) => 2 * pairs), price: maybe(price) })),
  volume: maybe(fc.record({ gibs: fc.integer({ min: 1, max: 50 }).map((pairs) => 2 * pairs), price: maybe(price) })),
  egress: maybe(fc.record({ price: maybe(price) })),
  // An even number: these are charged by the hour, not by an even number of something.
  loadBalancerPrice: maybe(price.map((thousandths) => 2 * thousandths)),
  managementPrice: maybe(price.map((thousandths) => 2 * thousandths)),
  isUsageMeasured: fc.boolean(),
  gap: maybe(fc.record({ from: fc.integer({ min: 0, max: 119 }), minutes: fc.integer({ min: 6, max: 90 }) })),
});

/** Names and levels of what is scraped; a null one is not there. */
function levelsOf(inputs: KnownInputs): [Series['labels'], number | ((minute: number) => number) | null][] {
  const { cpuPrice, ramPrice, cores, gibs, gpu, volume, egress } = inputs;
  const dollars = (thousandths: number | null | undefined): number | null =>
    thousandths === null || thousandths === undefined ? null : thousandths / 1000;
  const [node, pod] = [
    { node: 'n', instance: 'n' },
    { namespace: 'shop', pod: 'p' },
  ];
  const container = { ...pod, container: 'c', node: 'n' };
  const capacity = { __name__: 'kube_node_status_capacity', node: 'n' };
  const balancer = { namespace: 'shop', service_name: 's', ingress_ip: 'ip' };
  const there = { internet: 'true', same_zone: 'false', same_region: 'false' };
  const bytes = (minute: number): number => (minute + 10) * gib;
  return [
    [{ __name__: 'node_cpu_hourly_cost', ...node }, dollars(cpuPrice)],
    [{ __name__: 'node_ram_hourly_cost', ...node }, dollars(ramPrice)],
    [{ ...capacity, resource: 'cpu' }, cores],
    [{ ...capacity, resource: 'memory' }, gibs === null ? null : gibs * gib],
    [{ __name__: 'node_gpu_count', ...node }, gpu === null ? null : gpu.count],
    [{ __name__: 'node_gpu_hourly_cost', ...node }, dollars(gpu?.price)],
    [{ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'v' }, volume && volume.gibs * gib],
    [{ __name__: 'pv_hourly_cost', volumename: 'v', persistentvolume: 'v' }, dollars(volume?.price)],
    [
      { __name__: 'kubecost_pod_network_egress_bytes_total', namespace: 'shop', pod_name: 'p', ...there },
      egress && bytes,
    ],
    [{ __name__: 'kubecost_network_internet_egress_cost' }, dollars(egress?.price)],
    [{ __name__: 'kubecost_load_balancer_cost', ...balancer }, dollars(inputs.loadBalancerPrice)],
    [{ __name__: 'kubecost_cluster_management_cost', provisioner_name: 'm' }, dollars(inputs.managementPrice)],
    // One container of 2 cores and 4 GiB.
    [{ __name__: 'container_cpu_allocation', ...container }, 2],
    [{ __name__: 'container_memory_allocation_bytes', ...container }, 4 * gib],
    [{ __name__: 'kube_pod_container_status_running', ...pod, container: 'c', uid: 'u' }, 1],
    [
      { __name__: 'container_memory_working_set_bytes', ...pod, container: 'c', id: 'i' },
      inputs.isUsageMeasured ? gib : null,
    ],
  ];
}

/** What a Prometheus scraped of it, when the first hour begins at a moment. */
export function scrapesOf(inputs: KnownInputs, firstHourMs: number): Series[] {
  const isScraped = (minute: number): boolean =>
    inputs.gap === null || minute <= inputs.gap.from || minute >= inputs.gap.from + inputs.gap.minutes;
  const minutes = Array.from({ length: lastMinute + 6 }, (_, index) => index - 5).filter(isScraped);
  return levelsOf(inputs).flatMap(([labels, level]) =>
    level === null
      ? []
      : {
          labels,
          timestampsMs: minutes.map((minute) => firstHourMs + minute * minuteMs),
          values: minutes.map((minute) => (typeof level === 'number' ? level : level(minute))),
        },
  );
}

/** Nanos by component; null where an input is missing. */
export type ExpectedCosts = Readonly<
  Record<'cpu_cost' | 'ram_cost' | 'gpu_cost' | 'pv_cost' | 'load_balancer_cost' | 'management_cost', bigint | null> & {
    network_cost: bigint | null | 'unclear';
  }
>;

/** Minutes of an hour (0 or 1) in which something was known. */
export function measuredMinutes({ gap }: KnownInputs, hour: number): number {
  if (gap === null) return 60;
  const [from, until] = [hour * 60, (hour + 1) * 60];
  const endsSeen = gap.from + gap.minutes <= lastMinute;
  const end = endsSeen ? gap.from + gap.minutes : Infinity;
  return 60 - Math.max(0, Math.min(until, end) - Math.max(from, gap.from));
}

/** Thousandths of a dollar an hour, for some minutes of so many units. */
function chargeOf(thousandths: number | null | undefined, units: number | null, minutes: number): bigint | null {
  if (thousandths === null || thousandths === undefined || units === null || minutes === 0) return null;
  return (BigInt(thousandths) * 1_000_000n * BigInt(units) * BigInt(minutes)) / 60n;
}

/** What the assets of an hour must cost. */
export function expectedCosts(inputs: KnownInputs, hour: number): ExpectedCosts {
  const minutes = measuredMinutes(inputs, hour);
  const { egress, gap } = inputs;
  // What a counter has grown by while nobody looked is charged too, to an hour that is not the one it fell into.
  const sent = gap === null ? chargeOf(egress?.price, egress === null ? null : 60, 60) : 'unclear';
  return {
    cpu_cost: chargeOf(inputs.cpuPrice, inputs.cores, minutes),
    ram_cost: chargeOf(inputs.ramPrice, inputs.gibs, minutes),
    gpu_cost: chargeOf(inputs.gpu?.price, inputs.gpu?.count ?? null, minutes),
    pv_cost: chargeOf(inputs.volume?.price, inputs.volume?.gibs ?? null, minutes),
    load_balancer_cost: chargeOf(inputs.loadBalancerPrice, 1, minutes),
    management_cost: chargeOf(inputs.managementPrice, 1, minutes),
    network_cost: egress === null || egress.price === null ? null : sent,
  };
}

/** What the container must cost in an hour; null where its node has no price. */
export function expectedContainer(inputs: KnownInputs, hour: number): Record<'cpu_cost' | 'ram_cost', bigint | null> {
  const minutes = measuredMinutes(inputs, hour);
  return { cpu_cost: chargeOf(inputs.cpuPrice, 2, minutes), ram_cost: chargeOf(inputs.ramPrice, 4, minutes) };
}

/** True for each flag that must be there, false for each that must not. */
export function expectedFlags(inputs: KnownInputs): Readonly<Record<string, boolean>> {
  const { cpuPrice, ramPrice, cores, gibs, gpu, volume, egress, gap } = inputs;
  const isThere = cpuPrice !== null || ramPrice !== null || cores !== null || gibs !== null || gpu?.price != null;
  // The container runs on both, whether or not the node's capacity is known.
  const isUnpriced = cpuPrice === null || ramPrice === null || gpu?.price === null;
  return {
    'node-unpriced': isThere && isUnpriced,
    'node-capacity-unknown': isThere && (cores === null || gibs === null),
    'disk-unpriced': volume?.price === null,
    'network-not-measured': egress === null,
    'network-unpriced': egress !== null && egress.price === null,
    'coverage-gap': gap !== null || !isThere,
  };
}
