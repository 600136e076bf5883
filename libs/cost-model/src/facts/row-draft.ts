import {
  emptyAllocation,
  type AllocatedLoadBalancer,
  type AllocatedVolume,
  type AllocationFact,
  type AllocationFlag,
} from '../allocation-fact';
import { byText } from '../asset-index';
import type { Traffic } from '../assets/network';
import { formatCost, formatNanos, sumKnownNanos, type Nanos } from '../money';
import type { NodeResource } from './container-record';

/** What a row costs apart from volumes and load balancers; null is unknown, absent does not apply. */
type PartName = NodeResource | Traffic | 'management';

/** A row while the assets of its hour are being divided. */
export interface RowDraft {
  /** Everything but costs, volumes and load balancers. */
  readonly fields: Partial<AllocationFact> & Pick<AllocationFact, 'kind'>;
  readonly costs: Map<PartName, Nanos | null>;
  readonly volumes: { readonly part: Omit<AllocatedVolume, 'cost'>; readonly cost: Nanos | null }[];
  readonly loadBalancers: { readonly part: Omit<AllocatedLoadBalancer, 'cost'>; readonly cost: Nanos | null }[];
  readonly flags: Set<AllocationFlag>;
}

export function rowDraft(fields: RowDraft['fields'], flags: Iterable<AllocationFlag> = []): RowDraft {
  return { fields, costs: new Map(), volumes: [], loadBalancers: [], flags: new Set(flags) };
}

function sumKnown(numbers: readonly (number | null)[]): number | null {
  const known = numbers.flatMap((one) => one ?? []);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

/** The row as it goes out: sums over its parts, everything sorted. */
export function factOf(draft: RowDraft): AllocationFact {
  const { costs } = draft;
  const cost = (name: PartName): Nanos | null => costs.get(name) ?? null;
  const volumes = [...draft.volumes].sort((a, b) => byText(a.part.volume, b.part.volume));
  const loadBalancers = [...draft.loadBalancers].sort(
    (a, b) => byText(a.part.service, b.part.service) || byText(a.part.ip, b.part.ip),
  );
  const pv = sumKnownNanos(volumes.map((one) => one.cost));
  const loadBalancer = sumKnownNanos(loadBalancers.map((one) => one.cost));
  const network = sumKnownNanos([cost('zone'), cost('region'), cost('internet')]);
  const all = [cost('cpu'), cost('ram'), cost('gpu'), pv, network, loadBalancer, cost('management')];
  return {
    ...emptyAllocation,
    ...draft.fields,
    services: [...(draft.fields.services ?? [])],
    pv_byte_hours: sumKnown(volumes.map(({ part }) => part.byte_hours)),
    volumes: volumes.map(({ part, cost: nanos }) => ({ ...part, cost: formatCost(nanos) })),
    load_balancer_hours: sumKnown(loadBalancers.map(({ part }) => part.hours)),
    load_balancers: loadBalancers.map(({ part, cost: nanos }) => ({ ...part, cost: formatCost(nanos) })),
    cpu_cost: formatCost(cost('cpu')),
    ram_cost: formatCost(cost('ram')),
    gpu_cost: formatCost(cost('gpu')),
    pv_cost: formatCost(pv),
    network_zone_cost: formatCost(cost('zone')),
    network_region_cost: formatCost(cost('region')),
    network_internet_cost: formatCost(cost('internet')),
    network_cost: formatCost(network),
    load_balancer_cost: formatCost(loadBalancer),
    management_cost: formatCost(cost('management')),
    total_cost: formatNanos(sumKnownNanos(all) ?? 0n),
    flags: [...draft.flags].sort(byText),
  };
}
