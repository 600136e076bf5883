import {
  costComponents,
  ratesOf,
  sumKnownNanos,
  sumNanos,
  type AllocationCost,
  type AllocationProperties,
  type AllocationRow,
  type Nanos,
} from '@cloudtuner/cost-model';
import { coverageOf } from '../domain/observation';
import type { Allocations, AllocationStep } from '../usecases/read-allocations';
import { presentMoney, secondsOf, type MoneyForm } from './present-costs';

/** What rows are sorted by; a `-` before it turns the order round. */
export type AllocationSort = string;

interface Amounts {
  readonly total: Nanos | null;
  readonly costs: Readonly<Record<AllocationCost, Nanos | null>>;
  readonly shared: Nanos;
  readonly idle: Nanos;
}

function presentAmounts({ total, costs, shared, idle }: Amounts, form: MoneyForm) {
  const money = (nanos: Nanos | null): number | string | null => presentMoney(nanos, form);
  return {
    total_cost: money(total),
    cpu_cost: money(costs.cpu_cost),
    ram_cost: money(costs.ram_cost),
    gpu_cost: money(costs.gpu_cost),
    pv_cost: money(costs.pv_cost),
    network_cost: money(costs.network_cost),
    load_balancer_cost: money(costs.load_balancer_cost),
    management_cost: money(costs.management_cost),
    network_zone_cost: money(costs.network_zone_cost),
    network_region_cost: money(costs.network_region_cost),
    network_internet_cost: money(costs.network_internet_cost),
    shared_cost: money(shared),
    idle_cost: money(idle),
  };
}

const idleOf = ({ idleCosts }: AllocationRow): Nanos => sumNanos(costComponents.map((name) => idleCosts[name]));

/** A cost is known when any row knows it. Without rows it is zero if anything was measured, else unknown. */
function amountsOf(rows: readonly AllocationRow[], isMeasured: boolean): Amounts {
  const sum = (name: AllocationCost): Nanos | null => sumKnownNanos(rows.map(({ costs }) => costs[name]));
  return {
    total: rows.length === 0 && !isMeasured ? null : sumNanos(rows.map(({ totalCost }) => totalCost)),
    costs: {
      cpu_cost: sum('cpu_cost'),
      ram_cost: sum('ram_cost'),
      gpu_cost: sum('gpu_cost'),
      pv_cost: sum('pv_cost'),
      network_cost: sum('network_cost'),
      load_balancer_cost: sum('load_balancer_cost'),
      management_cost: sum('management_cost'),
      network_zone_cost: sum('network_zone_cost'),
      network_region_cost: sum('network_region_cost'),
      network_internet_cost: sum('network_internet_cost'),
    },
    shared: sumNanos(rows.map(({ sharedCost }) => sharedCost)),
    idle: sumNanos(rows.map(idleOf)),
  };
}

/** A step as the sum of its rows, of all pages. */
export function presentStep({ set, observation }: AllocationStep, form: MoneyForm) {
  return {
    start: secondsOf(set.window.startMs),
    end: secondsOf(set.window.endMs),
    ...presentAmounts(amountsOf(set.rows, observation.measuredSeconds > 0), form),
    coverage: coverageOf(observation),
    partial: observation.partial,
    data_version: observation.dataVersion,
  };
}

/** Empty texts, lists and labels are left out, and names whose value is not known. */
function presentProperties(properties: AllocationProperties) {
  const { cluster, node, providerId, namespace, controllerKind, controller, pod, container } = properties;
  const texts = { cluster, node, provider_id: providerId, namespace, controller_kind: controllerKind, controller };
  const known = Object.entries({ ...texts, pod, container }).filter(([, text]) => text !== '');
  const entries = (map: Readonly<Record<string, string>>) => Object.entries(map).filter(([, value]) => value !== '');
  const [labels, annotations] = [entries(properties.labels), entries(properties.annotations)];
  return {
    ...Object.fromEntries(known),
    ...(properties.services.length === 0 ? {} : { services: [...properties.services] }),
    ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
    ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
  };
}

/** One row of a page. */
function presentAllocationRow(row: AllocationRow, form: MoneyForm) {
  const rates = ratesOf(row);
  const amounts = { total: row.totalCost, costs: row.costs, shared: row.sharedCost, idle: idleOf(row) };
  return {
    start: secondsOf(row.window.startMs),
    end: secondsOf(row.window.endMs),
    name: row.name,
    properties: presentProperties(row.properties),
    ...presentAmounts(amounts, form),
    quantities: row.quantities,
    efficiency: {
      cpu: rates.cpuEfficiency,
      ram: rates.ramEfficiency,
      gpu: rates.gpuEfficiency,
      total: rates.totalEfficiency,
    },
    started_at: secondsOf(row.startMs),
    ended_at: secondsOf(row.endMs),
    flags: [...row.flags],
  };
}

type SortValue = Nanos | number | null;

function sortValueOf(row: AllocationRow, by: string): SortValue {
  switch (by) {
    case 'total_cost':
      return row.totalCost;
    case 'shared_cost':
      return row.sharedCost;
    case 'efficiency':
      return ratesOf(row).totalEfficiency;
    default: {
      const component = costComponents.find((name) => name === by);
      return component === undefined ? null : row.costs[component];
    }
  }
}

/** Unknown is after everything known, whichever way. */
function compareValues(a: SortValue, b: SortValue, direction: 1 | -1): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (a === b) return 0;
  return a < b ? -direction : direction;
}

const compareNames = (a: AllocationRow, b: AllocationRow): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Rows in the order that was asked for; ties are in the order of names. */
export function sortedRows(rows: readonly AllocationRow[], sort: AllocationSort): AllocationRow[] {
  const direction = sort.startsWith('-') ? -1 : 1;
  const by = sort.replace(/^-/, '');
  if (by === 'name') return rows.toSorted((a, b) => direction * compareNames(a, b));
  const values = new Map(rows.map((row) => [row, sortValueOf(row, by)]));
  return rows.toSorted(
    (a, b) => compareValues(values.get(a) ?? null, values.get(b) ?? null, direction) || compareNames(a, b),
  );
}

/** A page of the rows of all steps: step by step, each sorted. */
export function presentPage(
  answer: Allocations,
  page: { readonly sort: AllocationSort; readonly limit: number; readonly offset: number; readonly form: MoneyForm },
) {
  const { sort, limit, offset, form } = page;
  const { page: found } = answer;
  const rows = found?.rows ?? answer.steps.flatMap(({ set }) => sortedRows(set.rows, sort));
  return {
    rows: (found === undefined ? rows.slice(offset, offset + limit) : rows).map((row) =>
      presentAllocationRow(row, form),
    ),
    limit,
    offset,
    total_count: found?.count ?? rows.length,
  };
}
