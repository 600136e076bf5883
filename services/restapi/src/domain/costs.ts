import { costComponents, sumKnownNanos, type CostComponent, type Nanos } from '@cloudtuner/cost-model';

/** What something cost, by component; null = not measured, which is not zero. The total is the sum of the known components. */
export interface Costs {
  readonly total: Nanos | null;
  readonly components: Readonly<Record<CostComponent, Nanos | null>>;
}

/** The costs of these components. */
export function costsOf(components: Readonly<Record<CostComponent, Nanos | null>>): Costs {
  return { total: sumKnownNanos(costComponents.map((component) => components[component])), components };
}

/** Costs of which only the total is known. */
export function totalOnly(total: Nanos): Costs {
  return { total, components: componentsFrom(() => null) };
}

/** A record with one amount for each component. */
export function componentsFrom(
  amountOf: (component: CostComponent) => Nanos | null,
): Readonly<Record<CostComponent, Nanos | null>> {
  return {
    management_cost: amountOf('management_cost'),
    cpu_cost: amountOf('cpu_cost'),
    ram_cost: amountOf('ram_cost'),
    gpu_cost: amountOf('gpu_cost'),
    pv_cost: amountOf('pv_cost'),
    network_cost: amountOf('network_cost'),
    load_balancer_cost: amountOf('load_balancer_cost'),
  };
}

/** The exact sum; a component is null only when no summand knows it. */
export function sumCosts(summands: readonly Costs[]): Costs {
  return {
    total: sumKnownNanos(summands.map(({ total }) => total)),
    components: componentsFrom((component) => sumKnownNanos(summands.map(({ components }) => components[component]))),
  };
}
