import {
  costComponents,
  nanosToNumber,
  sumKnownNanos,
  sumNanos,
  type AllocationRow,
  type CostComponent,
  type Nanos,
} from '@cloudtuner/cost-model';
import { coverageOf, type Observation } from '../domain/observation';
import { explainedResources, type Explanation, type ExplainedResource } from '../usecases/explain-allocation';
import { presentMoney, secondsOf, type MoneyForm } from './present-costs';

const units: Readonly<Record<ExplainedResource, string>> = { cpu: 'core-hour', ram: 'GiB-hour', gpu: 'GPU-hour' };

const componentOf = { cpu: 'cpu_cost', ram: 'ram_cost', gpu: 'gpu_cost' } as const;

const formulaOf = (resource: ExplainedResource): string =>
  `cost = sum over hours and nodes of quantity x price; quantity in ${units[resource]}s is the larger of request and usage at each moment, price is the node's mean of that hour, each hour in whole nanos`;

/** Quantities of the components that have no price of a node. */
function otherQuantity(
  component: CostComponent,
  { quantities }: AllocationRow,
): [quantity: number | null, unit: string] {
  switch (component) {
    case 'pv_cost':
      return [quantities.pv_byte_hours, 'byte-hour'];
    case 'load_balancer_cost':
      return [quantities.load_balancer_hours, 'hour'];
    case 'network_cost': {
      const { network_zone_bytes: zone, network_region_bytes: region, network_internet_bytes: internet } = quantities;
      const known = [zone, region, internet].filter((bytes) => bytes !== null);
      return [known.length === 0 ? null : known.reduce((sum, bytes) => sum + bytes, 0), 'byte'];
    }
    default:
      return [null, ''];
  }
}

interface Other {
  readonly component: string;
  readonly quantity: number | null;
  readonly unit: string;
  readonly cost: Nanos;
}

/** What of a row is not in the hours: other components, idle and shared costs, and what is divided. */
function othersOf(row: AllocationRow, explained: Readonly<Record<ExplainedResource, Nanos | null>>): Other[] {
  const inHours = new Set<CostComponent>(explainedResources.map((resource) => componentOf[resource]));
  const components = costComponents
    .filter((name) => !inHours.has(name) && row.costs[name] !== null)
    .map((component): Other => {
      const [quantity, unit] = otherQuantity(component, row);
      return { component, quantity, unit, cost: row.costs[component] ?? 0n };
    });
  const rests = explainedResources.map((resource): Other => {
    const component = componentOf[resource];
    const idle = row.idleCosts[component];
    const rest = (row.costs[component] ?? 0n) - (explained[resource] ?? 0n) - idle;
    return { component: `${component}: of idle, by a filter or by sharing`, quantity: null, unit: '', cost: rest };
  });
  const idle = explainedResources.map((resource): Other => {
    const component = componentOf[resource];
    return { component: `${component}: shared idle`, quantity: null, unit: '', cost: row.idleCosts[component] };
  });
  const shared: Other = { component: 'shared_cost', quantity: null, unit: '', cost: row.sharedCost };
  return [...components, ...[...rests, ...idle, shared].filter(({ cost }) => cost !== 0n)];
}

/** How the cost of a row came about. */
export function presentExplanation(
  row: AllocationRow,
  explanation: Explanation,
  { observation, form }: { observation: Omit<Observation, 'startMs' | 'endMs'>; form: MoneyForm },
) {
  const costOf = (resource: ExplainedResource): Nanos | null =>
    sumKnownNanos(explanation[resource].map(({ cost }) => cost));
  const explained = { cpu: costOf('cpu'), ram: costOf('ram'), gpu: costOf('gpu') };
  const others = othersOf(row, explained);
  const all = [...explainedResources.map((resource) => explained[resource] ?? 0n), ...others.map(({ cost }) => cost)];
  return {
    name: row.name,
    window: { start: secondsOf(row.window.startMs), end: secondsOf(row.window.endMs) },
    resources: explainedResources
      .filter((resource) => explanation[resource].length > 0)
      .map((resource) => ({
        resource,
        formula: formulaOf(resource),
        unit: units[resource],
        quantity: explanation[resource].reduce((sum, { quantity }) => sum + quantity, 0),
        cost: presentMoney(explained[resource], form),
        hours: explanation[resource].map(({ startMs, node, dataVersion, quantity, price, cost }) => ({
          hour: secondsOf(startMs),
          node,
          data_version: dataVersion,
          quantity,
          price,
          product: price === null ? null : quantity * price,
          cost: presentMoney(cost, form),
        })),
      })),
    others: others.map(({ cost, ...other }) => ({ ...other, cost: presentMoney(cost, form) })),
    total_cost: form === 'string' ? presentMoney(sumNanos(all), form) : nanosToNumber(sumNanos(all)),
    coverage: coverageOf(observation),
    data_version: observation.dataVersion,
  };
}
