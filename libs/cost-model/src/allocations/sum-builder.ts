import type { AllocationFlag } from '../allocation-fact';
import { costComponents, type CostComponent } from '../asset-fact';
import type { Nanos } from '../money';
import type { TimeWindow } from '../window';
import {
  allocationCosts,
  allocationQuantities,
  ownCostOf,
  recordOf,
  type AllocationCost,
  type AllocationQuantity,
  type LoadBalancerShare,
  type Sum,
  type VolumeShare,
} from './cost-row';
import { compare } from './distribute';
import { commonProperties, type AllocationProperties } from './properties';

/** One row of an answer. */
export interface AllocationRow extends Sum {
  readonly name: string;
  readonly window: TimeWindow;
  /** The part of each cost that is idle shared with this row; it is in `costs` already. */
  readonly idleCosts: Readonly<Record<CostComponent, Nanos>>;
  /** Of the shared rows and the flat cost; not in `costs`. */
  readonly sharedCost: Nanos;
  /** The known components and `sharedCost`. */
  readonly totalCost: Nanos;
}

const plus = (a: number | null, b: number | null): number | null => {
  if (a === null) return b;
  return b === null ? a : a + b;
};

const plusNanos = (a: Nanos | null, b: Nanos | null): Nanos | null => {
  if (a === null) return b;
  return b === null ? a : a + b;
};

const greater = (a: number | null, b: number | null): number | null => {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
};

const isOneContainer = ({ pod, container }: AllocationProperties): boolean => pod !== '' && container !== '';

/** Adds rows up: knowns are summed, unknown stays null only where nothing is known, properties are what all have in common. */
export class SumBuilder {
  readonly #name: string;
  readonly #window: TimeWindow;
  #properties: AllocationProperties | null = null;
  #startMs = Number.POSITIVE_INFINITY;
  #endMs = Number.NEGATIVE_INFINITY;
  readonly #quantities = recordOf<AllocationQuantity, number | null>(allocationQuantities, () => null);
  readonly #costs = recordOf<AllocationCost, Nanos | null>(allocationCosts, () => null);
  readonly #idleCosts = recordOf<CostComponent, Nanos>(costComponents, () => 0n);
  #sharedCost = 0n;
  #cpuCoreUsageMax: number | null = null;
  #ramByteUsageMax: number | null = null;
  readonly #volumes = new Map<string, VolumeShare>();
  readonly #loadBalancers = new Map<string, LoadBalancerShare>();
  readonly #flags = new Set<AllocationFlag>();

  constructor(name: string, window: TimeWindow) {
    this.#name = name;
    this.#window = window;
  }

  /** All but the costs, which may have been divided. */
  addSource(row: Sum, quantityOf = (name: AllocationQuantity): number | null => row.quantities[name]): void {
    this.#properties = this.#properties === null ? row.properties : commonProperties(this.#properties, row.properties);
    this.#startMs = Math.min(this.#startMs, row.startMs);
    this.#endMs = Math.max(this.#endMs, row.endMs);
    for (const name of allocationQuantities) {
      this.#quantities[name] = plus(this.#quantities[name], quantityOf(name));
    }
    this.#cpuCoreUsageMax = greater(this.#cpuCoreUsageMax, row.cpuCoreUsageMax);
    this.#ramByteUsageMax = greater(this.#ramByteUsageMax, row.ramByteUsageMax);
    for (const flag of row.flags) this.#flags.add(flag);
  }

  add(row: Sum): void {
    this.addSource(row);
    for (const name of allocationCosts) this.addCost(name, row.costs[name]);
    for (const volume of row.volumes) this.#addVolume(volume);
    for (const loadBalancer of row.loadBalancers) this.#addLoadBalancer(loadBalancer);
  }

  addRow(row: AllocationRow): void {
    this.add(row);
    for (const name of costComponents) this.#idleCosts[name] += row.idleCosts[name];
    this.#sharedCost += row.sharedCost;
  }

  addCost(name: AllocationCost, cost: Nanos | null): void {
    this.#costs[name] = plusNanos(this.#costs[name], cost);
  }

  addIdle(name: CostComponent, cost: Nanos): void {
    this.addCost(name, cost);
    this.#idleCosts[name] += cost;
  }

  addShared(cost: Nanos): void {
    this.#sharedCost += cost;
  }

  #addVolume(more: VolumeShare): void {
    const key = JSON.stringify([more.cluster, more.volume]);
    const volume = this.#volumes.get(key);
    if (volume === undefined) this.#volumes.set(key, more);
    else {
      const byteHours = plus(volume.byteHours, more.byteHours);
      this.#volumes.set(key, { ...volume, byteHours, cost: plusNanos(volume.cost, more.cost) });
    }
  }

  #addLoadBalancer(more: LoadBalancerShare): void {
    const key = JSON.stringify([more.cluster, more.service, more.ip]);
    const loadBalancer = this.#loadBalancers.get(key);
    if (loadBalancer === undefined) this.#loadBalancers.set(key, more);
    else {
      const hours = plus(loadBalancer.hours, more.hours);
      this.#loadBalancers.set(key, { ...loadBalancer, hours, cost: plusNanos(loadBalancer.cost, more.cost) });
    }
  }

  /** A row that nothing was added to has the window's length and no properties. */
  build(ofNothing: AllocationProperties): AllocationRow {
    const properties = this.#properties ?? ofNothing;
    const inOrder = <Value>(map: ReadonlyMap<string, Value>): Value[] =>
      [...map.entries()].sort(([a], [b]) => compare(a, b)).map(([, value]) => value);
    return {
      name: this.#name,
      window: this.#window,
      properties,
      startMs: this.#properties === null ? this.#window.startMs : this.#startMs,
      endMs: this.#properties === null ? this.#window.endMs : this.#endMs,
      quantities: this.#quantities,
      costs: this.#costs,
      idleCosts: this.#idleCosts,
      sharedCost: this.#sharedCost,
      totalCost: ownCostOf(this.#costs) + this.#sharedCost,
      cpuCoreUsageMax: isOneContainer(properties) ? this.#cpuCoreUsageMax : null,
      ramByteUsageMax: isOneContainer(properties) ? this.#ramByteUsageMax : null,
      volumes: inOrder(this.#volumes),
      loadBalancers: inOrder(this.#loadBalancers),
      flags: [...this.#flags].sort(compare),
    };
  }
}
