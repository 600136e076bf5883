import { parseNanos } from '@cloudtuner/cost-model';
import type { CostSplit } from '@cloudtuner/sample-cluster';

const partNames = ['cpu', 'ram', 'gpu', 'pv', 'network', 'loadBalancer', 'management'] as const;

type Amount = number | string | null;
type Breakdown = Readonly<
  Record<
    | 'total_cost'
    | 'cpu_cost'
    | 'ram_cost'
    | 'gpu_cost'
    | 'pv_cost'
    | 'network_cost'
    | 'load_balancer_cost'
    | 'management_cost',
    Amount
  >
>;

/** An exact amount as the API gives it with `money=string`. */
function nanosOf(amount: Amount): bigint {
  if (typeof amount !== 'string') throw new Error(`expected an exact amount, got ${String(amount)}`);
  return parseNanos(amount);
}

/** Dollars rounded half up to cents. */
function centsOf(nanos: bigint): bigint {
  return (nanos + 5_000_000n) / 10_000_000n;
}

/** What the API says, in the book's words and exact. */
export function splitOf(costs: Breakdown): CostSplit {
  return {
    total: nanosOf(costs.total_cost),
    cpu: nanosOf(costs.cpu_cost),
    ram: nanosOf(costs.ram_cost),
    gpu: nanosOf(costs.gpu_cost),
    pv: nanosOf(costs.pv_cost),
    network: nanosOf(costs.network_cost),
    loadBalancer: nanosOf(costs.load_balancer_cost),
    management: nanosOf(costs.management_cost),
  };
}

export function sumOfParts(split: CostSplit): bigint {
  return partNames.reduce((sum, name) => sum + split[name], 0n);
}

/** Every part and the total in whole cents. */
export function inCents(split: CostSplit): Record<string, bigint> {
  return Object.fromEntries(Object.entries(split).map(([name, nanos]) => [name, centsOf(nanos as bigint)]));
}
