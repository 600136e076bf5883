import { recordOf } from '../allocations/cost-row';
import { idleName, unmounted } from '../allocations/properties';
import type { AllocationKind } from '../allocation-fact';
import { costComponents, type CostComponent } from '../asset-fact';
import { unallocated } from '../filter/filter';
import { reconciledNoNamespace } from '../kubecost-reconciliation';
import { sumKnownNanos, type Nanos } from '../money';
import type { AllocationRules, SharedCost } from './allocation-rules';
import { meets, ownersOf, type Workload } from './match-rules';
import { shareOut, type Payer } from './share-out';
import {
  bySummaryKey,
  keyTextOf,
  sumKnown,
  summaryQuantities,
  type SummaryKey,
  type SummaryQuantity,
  type SummaryRow,
} from './summary-row';

type Costs = Readonly<Record<CostComponent, Nanos | null>>;
type Quantities = SummaryRow['quantities'];

/** Sums of an hour's facts that agree in everything that rules look at. */
export interface SummaryFacts extends Omit<Workload, 'cloudAccountId'> {
  readonly kind: AllocationKind;
  /** Of rows that are not containers. */
  readonly assetType: string;
  readonly costs: Costs;
  readonly quantities: Quantities;
}

/** What Kubecost said of the hour, put together in the same way. */
export type SaidCosts = Omit<SummaryFacts, 'kind' | 'assetType' | 'quantities'>;

/** An hour of a cluster. */
export interface HourToSummarize {
  readonly cloudAccountId: string;
  readonly facts: readonly SummaryFacts[];
  /** Null: Kubecost has not spoken of the hour as a whole. */
  readonly said: readonly SaidCosts[] | null;
}

interface Line {
  readonly key: SummaryKey;
  readonly costs: Costs[];
  readonly quantities: Quantities[];
  isSaid: boolean;
  sharedCost: Nanos;
}

interface Input extends SummaryFacts {
  readonly isSaid: boolean;
}

interface Allocated {
  readonly key: SummaryKey;
  readonly costs: Costs;
}

const noCosts: Costs = recordOf(costComponents, () => null);
const noQuantities: Quantities = recordOf(summaryQuantities, () => null);
const isFee = ({ assetType }: SummaryFacts): boolean => assetType === 'management';
const ofNobody = (kind: AllocationKind, assetType: string): boolean =>
  kind === 'unattributed' && (assetType === 'disk' || assetType === 'load_balancer');
const ownCostOf = (costs: Costs): Nanos => costComponents.reduce((sum, name) => sum + (costs[name] ?? 0n), 0n);

const sumCosts = (all: readonly Costs[]): Costs =>
  recordOf(costComponents, (name) => sumKnownNanos(all.map((costs) => costs[name])));
const sumQuantities = (all: readonly Quantities[]): Quantities =>
  recordOf(summaryQuantities, (name: SummaryQuantity) => sumKnown(all.map((quantities) => quantities[name])));

/** Costs of one view of an hour, allocated and shared. */
class View {
  readonly lines = new Map<string, Line>();
  readonly #payers = new Map<string, Allocated[]>();
  readonly #shared: readonly { readonly cost: SharedCost; readonly of: Allocated[] }[];

  constructor(
    readonly rules: AllocationRules,
    readonly cloudAccountId: string,
    inputs: readonly Input[],
  ) {
    this.#shared = rules.shared_costs.map((cost) => ({ cost, of: [] }));
    for (const input of inputs) this.#place(input);
    for (const { cost, of } of this.#shared) this.#shareOut(cost, of);
  }

  totalOf(line: Line | undefined): Nanos {
    return line === undefined ? 0n : ownCostOf(sumCosts(line.costs)) + line.sharedCost;
  }

  #line(key: SummaryKey): Line {
    const name = keyTextOf(key);
    const found = this.lines.get(name);
    if (found !== undefined) return found;
    const { namespace, team, owner } = key;
    const line: Line = {
      ...{ key: { namespace, team, owner }, costs: [], quantities: [], isSaid: false, sharedCost: 0n },
    };
    this.lines.set(name, line);
    return line;
  }

  #keyOf({ kind, assetType, ...workload }: Input): SummaryKey {
    if (kind === 'idle') return { namespace: idleName, team: idleName, owner: idleName };
    const nowhere = ofNobody(kind, assetType) ? unmounted : unallocated;
    const namespace = workload.namespace === '' ? nowhere : workload.namespace;
    return { namespace, ...ownersOf(this.rules, { ...workload, cloudAccountId: this.cloudAccountId }) };
  }

  readonly #ownersOf = (namespace: string): Pick<SummaryKey, 'team' | 'owner'> => {
    const nothingElse = { controllerKind: '', controller: '', labels: {} };
    return ownersOf(this.rules, { ...nothingElse, namespace, cloudAccountId: this.cloudAccountId });
  };

  #isOf(cost: SharedCost, input: Input): boolean {
    if (cost.costs === 'idle') return input.kind === 'idle';
    if (cost.costs === 'management') return input.kind !== 'idle' && isFee(input);
    const isWorkload = input.kind !== 'idle' && !isFee(input);
    return isWorkload && meets(cost.conditions, { ...input, cloudAccountId: this.cloudAccountId });
  }

  #place(input: Input): void {
    const key = this.#keyOf(input);
    const line = this.#line(key);
    line.costs.push(input.costs);
    line.quantities.push(input.quantities);
    line.isSaid ||= input.isSaid;
    const allocated = { key, costs: input.costs };
    const shared = this.#shared.find(({ cost }) => this.#isOf(cost, input));
    if (shared !== undefined) shared.of.push(allocated);
    else if (input.kind === 'container') {
      const name = keyTextOf(key);
      const payers = this.#payers.get(name);
      if (payers === undefined) this.#payers.set(name, [allocated]);
      else payers.push(allocated);
    }
  }

  #payersBy(weightOf: (costs: Costs) => Nanos): Payer[] {
    return [...this.#payers.values()]
      .flatMap((all) => {
        const [first] = all;
        return first === undefined ? [] : [{ ...first.key, weight: weightOf(sumCosts(all.map(({ costs }) => costs))) }];
      })
      .sort(bySummaryKey);
  }

  /** Idle goes resource by resource to those who used the resource; everything else is one amount. */
  #shareOut(cost: SharedCost, sources: readonly Allocated[]): void {
    if (sources.length === 0) return;
    if (cost.costs !== 'idle') {
      this.#move(cost, sources, ownCostOf);
      return;
    }
    for (const name of costComponents) this.#move(cost, sources, (costs) => costs[name] ?? 0n);
  }

  #move(cost: SharedCost, sources: readonly Allocated[], amountOf: (costs: Costs) => Nanos): void {
    const amount = sources.reduce((sum, { costs }) => sum + amountOf(costs), 0n);
    if (amount === 0n) return;
    const paid = shareOut(amount, { ...cost, ownersOf: this.#ownersOf }, this.#payersBy(amountOf));
    if (paid === null) return;
    for (const { key, costs } of sources) this.#line(key).sharedCost -= amountOf(costs);
    for (const { key, amount: part } of paid) this.#line(key).sharedCost += part;
  }
}

/** Kubecost's figures in the place of ours, where it prices what we price; idle, fees and what it does not speak of stay ours. */
function saidInputs(facts: readonly SummaryFacts[], said: readonly SaidCosts[]): Input[] {
  const isUnmounted = ({ namespace }: SaidCosts): boolean => namespace === '' || namespace === reconciledNoNamespace;
  // Kubecost writes 0 for what it does not price: what nobody took stays ours then.
  const prices = recordOf(costComponents, (name) =>
    said.some((row) => isUnmounted(row) && (row.costs[name] ?? 0n) !== 0n),
  );
  const ours = facts.flatMap((fact): Input[] => {
    if (fact.kind === 'container')
      return [{ ...fact, isSaid: false, costs: { ...noCosts, management_cost: fact.costs.management_cost } }];
    if (fact.namespace !== '' || !ofNobody(fact.kind, fact.assetType)) return [{ ...fact, isSaid: false }];
    return [
      { ...fact, isSaid: false, costs: recordOf(costComponents, (name) => (prices[name] ? null : fact.costs[name])) },
    ];
  });
  const theirs = said.map((row): Input => {
    const of = isUnmounted(row)
      ? ({ kind: 'unattributed', assetType: 'disk', namespace: '' } as const)
      : ({ kind: 'container', assetType: '' } as const);
    return { ...row, ...of, quantities: noQuantities, isSaid: true };
  });
  return [...ours, ...theirs];
}

/** Kubecost writes 0 for what it does not know; where we do not know it either, it stays unknown. */
const knownCosts = (costs: Costs, ours: Costs | undefined): Costs =>
  ours === undefined
    ? costs
    : recordOf(costComponents, (name) => (ours[name] === null && costs[name] === 0n ? null : costs[name]));

/**
 * What an hour of a cluster cost each namespace, team and owner, by an organization's rules; sorted. Every nano of the facts
 * is in one row's `metricsTotalCost`, and what Kubecost's figures make of it in `differenceCost`: of all rows, the one adds
 * up to what the cluster cost, and with the other to what Kubecost says.
 */
export function summarizeHour(rules: AllocationRules, { cloudAccountId, facts, said }: HourToSummarize): SummaryRow[] {
  const ours = new View(
    rules,
    cloudAccountId,
    facts.map((fact) => ({ ...fact, isSaid: false })),
  );
  const theirs = said === null ? null : new View(rules, cloudAccountId, saidInputs(facts, said));
  const chosen = theirs !== null && rules.precedence === 'api' ? theirs : ours;
  const names = [...new Set([...ours.lines.keys(), ...(theirs?.lines.keys() ?? [])])];
  return names
    .flatMap((name): SummaryRow[] => {
      const [line, ownLine, theirLine] = [chosen.lines.get(name), ours.lines.get(name), theirs?.lines.get(name)];
      const { key } = line ?? ownLine ?? theirLine ?? {};
      if (key === undefined) return [];
      const metricsTotalCost = ours.totalOf(ownLine);
      const costs = sumCosts(line?.costs ?? []);
      return [
        {
          ...key,
          source: line?.isSaid === true ? 'api' : 'metrics',
          costs: chosen === ours ? costs : knownCosts(costs, ownLine && sumCosts(ownLine.costs)),
          sharedCost: line?.sharedCost ?? 0n,
          totalCost: chosen.totalOf(line),
          metricsTotalCost,
          differenceCost: theirs === null ? null : theirs.totalOf(theirLine) - metricsTotalCost,
          quantities: sumQuantities(ownLine?.quantities ?? []),
        },
      ];
    })
    .sort(bySummaryKey);
}
