import { AppError } from '@cloudtuner/errors';
import type { CostComponent } from '../asset-fact';
import { divideRounded } from '../exact-decimal';
import { sumNanos, type Nanos } from '../money';
import { msPerHour, type TimeWindow } from '../window';
import { ownCostOf, type AllocationQuantity, type CostRow } from './cost-row';
import { compare } from './distribute';
import { idleGroups, type IdleGroup } from './idle';
import { idleName, noProperties, undistributedName } from './properties';
import { placerOf, type AllocationQuery } from './query';
import { payByWeight, payShared } from './sharing';
import { SumBuilder, type AllocationRow } from './sum-builder';

/** The rows of one step, sorted by name. */
export interface AllocationSet {
  readonly window: TimeWindow;
  readonly rows: readonly AllocationRow[];
}

/** The month of flat costs, as everywhere in the field: a year's hours divided by twelve. */
const hoursPerMonth = 730n;

/** A flat cost in a window. Rounded at the edges of the window, so that adjoining windows add up to the whole exactly. */
function flatCost(perMonth: Nanos, { startMs, endMs }: TimeWindow): Nanos {
  const until = (timestampMs: number): Nanos =>
    divideRounded(perMonth * BigInt(Math.round(timestampMs)), hoursPerMonth * BigInt(msPerHour));
  return until(endMs) - until(startMs);
}

const idleQuantities: Partial<Record<AllocationQuantity, CostComponent>> = {
  cpu_core_hours: 'cpu_cost',
  ram_byte_hours: 'ram_cost',
  gpu_hours: 'gpu_cost',
};

/** One step of one query: the order of operations is in the methods' order. */
class SetBuilder {
  readonly #query: AllocationQuery;
  readonly #window: TimeWindow;
  readonly #sums = new Map<string, SumBuilder>();
  readonly #own: readonly CostRow[];
  readonly #shared: readonly CostRow[];
  readonly #idle: readonly CostRow[];
  readonly #containers: readonly CostRow[];
  /** Those among whom shared costs are divided: volumes without a pod, fees and the like pay nothing. */
  readonly #payers: readonly CostRow[];

  constructor(query: AllocationQuery, window: TimeWindow, rows: readonly CostRow[]) {
    const sorted = [...rows].sort((a, b) => compare(a.id, b.id));
    const twice = sorted.find(({ id }, index) => id === sorted[index - 1]?.id);
    if (twice !== undefined) throw new AppError('internal-error', `The same cost is given twice: ${twice.id}.`);
    this.#query = query;
    this.#window = window;
    this.#idle = sorted.filter(({ kind }) => kind === 'idle');
    const others = sorted.filter(({ kind }) => kind !== 'idle');
    this.#own = others.filter(({ shared }) => !shared);
    this.#shared = others.filter(({ shared }) => shared);
    this.#containers = others.filter(({ kind }) => kind === 'container');
    this.#payers = this.#containers.filter(({ shared }) => !shared);
  }

  build(): AllocationSet {
    for (const row of this.#own) if (row.matches) this.#sum(row.name).add(row);
    const idleOfShared = this.#placeIdle();
    this.#placeShared(idleOfShared);
    const rows = [...this.#sums.values()].map((sum) => sum.build(noProperties));
    return { window: this.#window, rows: rows.sort((a, b) => compare(a.name, b.name)) };
  }

  #someonePays(): boolean {
    return payShared(0n, this.#payers, this.#query.shareSplit) !== null;
  }

  #sum(name: string): SumBuilder {
    const found = this.#sums.get(name);
    if (found !== undefined) return found;
    const sum = new SumBuilder(name, this.#window);
    this.#sums.set(name, sum);
    return sum;
  }

  /** Places idle; what shared containers owe of it when idle is shared is returned. */
  #placeIdle(): Nanos {
    const { idle, idleBy } = this.#query;
    if (idle === 'hidden') return 0n;
    let idleOfShared = 0n;
    for (const group of idleGroups(this.#idle, this.#containers, idleBy)) {
      const unused = new Set(group.unused);
      const placed = new Map<CostComponent, { cost: Nanos; amount: Nanos }>();
      for (const { component, amount, matched, shared } of group.divided) {
        if (shared !== 0n && !this.#someonePays()) unused.add(component);
        else if (idle === 'shared') {
          this.#giveIdle(group, component, matched);
          idleOfShared += shared;
        } else {
          const cost = shared === 0n ? matched : matched + this.#partOfMatched(shared);
          placed.set(component, { cost, amount });
        }
      }
      this.#keepIdle(group, placed, unused);
    }
    return idleOfShared;
  }

  #giveIdle(group: IdleGroup, component: CostComponent, amount: Nanos): void {
    const paid = payByWeight(amount, group.consumers, ({ costs }) => costs[component]);
    for (const [name, cost] of paid ?? []) this.#sum(name).addIdle(component, cost);
  }

  /** What the rows that pass the filter pay of an amount that all share. */
  #partOfMatched(amount: Nanos): Nanos {
    return sumNanos(payShared(amount, this.#payers, this.#query.shareSplit)?.values() ?? []);
  }

  /** Idle that stays idle: the filter's part of what was used, and what nobody used if the filter passes the node itself. */
  #keepIdle(
    group: IdleGroup,
    placed: ReadonlyMap<CostComponent, { cost: Nanos; amount: Nanos }>,
    unused: ReadonlySet<CostComponent>,
  ): void {
    const passing = group.rows.filter(({ matches }) => matches);
    const keepsUnused = passing.length > 0 && (unused.size > 0 || group.divided.length === 0);
    const isPaid = group.consumers.length > 0 || [...placed.values()].some(({ cost }) => cost !== 0n);
    const keepsUsed = placed.size > 0 && isPaid;
    if (!keepsUnused && !keepsUsed) return;
    const sum = this.#sum(this.#query.splitIdle ? `${group.key}/${idleName}` : idleName);
    for (const row of group.rows) {
      sum.addSource(row, (name) => {
        const component = idleQuantities[name];
        const quantity = component === undefined ? null : row.quantities[name];
        if (component === undefined || quantity === null) return null;
        const used = placed.get(component);
        if (used !== undefined) return quantity * fractionOf(used);
        return row.matches && (unused.has(component) || row.costs[component] === null) ? quantity : null;
      });
    }
    for (const [component, { cost }] of placed) sum.addCost(component, cost);
    for (const component of unused) for (const row of passing) sum.addCost(component, row.costs[component]);
  }

  #placeShared(idleOfShared: Nanos): void {
    const flat = flatCost(this.#query.sharedCostPerMonth, this.#window);
    if (this.#shared.length === 0 && flat === 0n) return;
    if (!this.#someonePays()) {
      this.#keepShared(flat);
      return;
    }
    const amount = sumNanos(this.#shared.map(({ costs }) => ownCostOf(costs))) + idleOfShared + flat;
    for (const [name, cost] of payShared(amount, this.#payers, this.#query.shareSplit) ?? []) {
      this.#sum(name).addShared(cost);
    }
  }

  /** Shared costs without anyone to pay them are a row of their own rather than lost. */
  #keepShared(flat: Nanos): void {
    const rows = this.#shared.filter(({ matches }) => matches);
    for (const row of rows) this.#sum(undistributedName).add(row);
    if (flat !== 0n && placerOf(this.#query)(noProperties).matches) this.#sum(undistributedName).addShared(flat);
  }
}

/** The part of an idle quantity that belongs to the rows of a filter: as of its cost. Exactly 1 without a filter. */
function fractionOf({ cost, amount }: { cost: Nanos; amount: Nanos }): number {
  return cost === amount ? 1 : Number(cost) / Number(amount);
}

/**
 * The answer to a query: one set per step, in order. Every dollar of the rows is in it once: rows are set apart as idle,
 * shared and the rest; idle is divided among the containers of its cluster or node; the filter takes its part; shared
 * rows, with their idle and the flat cost, are divided among the containers that are left. Who pays how much is decided
 * before the filter, and amounts are divided in integers, so a filter and its complement add up to the whole.
 *
 * @throws AppError `internal-error` when a row belongs to none of the steps, or when two rows have the same identity.
 */
export function aggregateAllocations(input: {
  readonly query: AllocationQuery;
  /** In order, side by side. */
  readonly steps: readonly TimeWindow[];
  readonly rows: Iterable<CostRow>;
}): AllocationSet[] {
  const { query, steps } = input;
  const rowsByStep = new Map<TimeWindow, CostRow[]>(steps.map((step) => [step, []]));
  for (const row of input.rows) {
    const step = steps[lastStartedBy(steps, row.atMs)];
    if (step === undefined || row.atMs >= step.endMs) {
      throw new AppError('internal-error', `A cost lies outside of every step: ${row.id}.`);
    }
    rowsByStep.get(step)?.push(row);
  }
  return steps.map((step) => new SetBuilder(query, step, rowsByStep.get(step) ?? []).build());
}

/** Index of the last step that starts at or before a moment; -1 when there is none. */
function lastStartedBy(steps: readonly TimeWindow[], timestampMs: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle]?.startMs ?? Number.POSITIVE_INFINITY) <= timestampMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The exact sum of a set's rows. */
export function totalCostOf(set: AllocationSet): Nanos {
  return sumNanos(set.rows.map(({ totalCost }) => totalCost));
}
