import { costComponents, sumNanos, type AllocationRow, type CostComponent, type Nanos } from '@cloudtuner/cost-model';

/** One FOCUS charge of an allocation: what one resource of it cost on a day. */
export interface FocusCharge {
  readonly component: CostComponent | 'unattributed';
  readonly cost: Nanos;
  readonly quantity: number;
  readonly unit: string;
}

const bytesOfGibibyte = 2 ** 30;

/** In what a component is priced; the rest is by the day. */
const priced: Partial<
  Record<CostComponent, { readonly unit: string; readonly of: (row: AllocationRow) => number | null }>
> = {
  cpu_cost: { unit: 'Core-Hours', of: ({ quantities }) => quantities.cpu_core_hours },
  ram_cost: { unit: 'GiB-Hours', of: ({ quantities }) => gibibytes(quantities.ram_byte_hours) },
  gpu_cost: { unit: 'GPU-Hours', of: ({ quantities }) => quantities.gpu_hours },
  pv_cost: { unit: 'GiB-Hours', of: ({ quantities }) => gibibytes(quantities.pv_byte_hours) },
  load_balancer_cost: { unit: 'Hours', of: ({ quantities }) => quantities.load_balancer_hours },
};

const gibibytes = (bytes: number | null): number | null => (bytes === null ? null : bytes / bytesOfGibibyte);

function chargeOf(row: AllocationRow, component: CostComponent): FocusCharge | null {
  const cost = row.costs[component];
  if (cost === null || cost === 0n) return null;
  const price = priced[component];
  const quantity = price?.of(row) ?? null;
  return quantity === null || quantity === 0 || price === undefined
    ? { component, cost, quantity: 1, unit: 'Days' }
    : { component, cost, quantity, unit: price.unit };
}

/** The charges of an allocation; they add up to its total. */
export function focusChargesOf(row: AllocationRow): FocusCharge[] {
  const charges = costComponents.flatMap((component) => chargeOf(row, component) ?? []);
  const rest = row.totalCost - sumNanos(charges.map(({ cost }) => cost));
  return rest === 0n ? charges : [...charges, { component: 'unattributed', cost: rest, quantity: 1, unit: 'Days' }];
}
