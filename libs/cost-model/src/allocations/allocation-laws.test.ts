import fc from 'fast-check';
import { costComponents } from '../asset-fact';
import { filterOperators, type Filter, type FilterNode, type FilterOperator } from '../filter/filter';
import { allocationFilterFields } from '../filter/filter-fields';
import { parseFilter } from '../filter/parse-filter';
import { parseNanos, sumNanos, type Nanos } from '../money';
import { factHours, firstHourMs, totalOf, type FactHour } from '../testing/allocation-facts';
import { msPerHour } from '../window';
import { aggregateAllocations, totalCostOf, type AllocationSet } from './aggregate';
import { allocationCosts, costRowsOf, type CostRow } from './cost-row';
import { distribute } from './distribute';
import { parseAggregate } from './grouping';
import { noProperties } from './properties';
import { defaultAllocationQuery, shareFilterOf, type AllocationQuery } from './query';
import { accumulateSets, parseStep, stepsOf } from './steps';
import { SumBuilder } from './sum-builder';

const runs = { numRuns: 120 };
const window = { startMs: firstHourMs, endMs: firstHourMs + 4 * msPerHour };

const aggregates = fc
  .constantFrom(
    'all',
    'namespace',
    'cluster,node',
    'controller',
    'deployment,job',
    'service',
    'team',
    'label:app,annotation:note',
    'cluster,node,namespace,pod,container',
  )
  .map(parseAggregate);

const shares = fc.constantFrom(
  null,
  shareFilterOf({ namespaces: ['a'], labels: [] }),
  shareFilterOf({ namespaces: ['a', 'b', 'c'], labels: [] }),
  shareFilterOf({ namespaces: ['b'], labels: [{ key: 'team', value: 'a' }] }),
);

const comparisons = fc.constantFrom(
  'namespace:"a"',
  'namespace!:"b","c"',
  'node:"n1"',
  'cluster:"two"',
  'services:"front"',
  'label[team]:"a"',
  'label:"app"',
  'team!:"__unallocated__"',
  'pod<~:"a"+container:"main"',
  'controllerKind:"job"|namespace:"__unmounted__"',
  'node:"__unallocated__"',
  'pod:"nobody"',
);

const filters = comparisons.map((text) => parseFilter(text, allocationFilterFields));

const queries: fc.Arbitrary<AllocationQuery> = fc.record({
  grouping: aggregates,
  aliases: fc.constant(defaultAllocationQuery.aliases),
  filter: fc.constant<Filter>({ kind: 'everything' }),
  share: shares,
  idle: fc.constantFrom('separate' as const, 'shared' as const),
  idleBy: fc.constantFrom('cluster' as const, 'node' as const),
  splitIdle: fc.boolean(),
  shareSplit: fc.constantFrom('weighted' as const, 'even' as const),
  sharedCostPerMonth: fc.oneof(fc.constant(0n), fc.bigInt(0n, 10n ** 12n)),
});

const rowsOf = (hours: readonly FactHour[], query: AllocationQuery): CostRow[] =>
  hours.flatMap((hour) => costRowsOf(hour, query));

const answer = (hours: readonly FactHour[], query: AllocationQuery, step = 'all'): AllocationSet[] =>
  aggregateAllocations({ query, steps: stepsOf(window, parseStep(step)), rows: rowsOf(hours, query) });

const totalOfSets = (sets: readonly AllocationSet[]): Nanos => sumNanos(sets.map(totalCostOf));

/** De Morgan: the language negates comparisons only. */
function complement(node: FilterNode): FilterNode {
  if (node.kind !== 'comparison') {
    return { kind: node.kind === 'and' ? 'or' : 'and', operands: node.operands.map(complement) };
  }
  const negated = filterOperators[node.operator].negated ? node.operator.slice(1) : `!${node.operator}`;
  return { ...node, operator: negated as FilterOperator };
}

/** What 4 h of 730 h of the flat cost come to, from the edges of the window in hours since 1970. */
function flatOf(query: AllocationQuery): Nanos {
  const until = (timestampMs: number): Nanos => {
    const hours = BigInt(timestampMs / msPerHour);
    return (2n * query.sharedCostPerMonth * hours + 730n) / 1460n;
  };
  return until(window.endMs) - until(window.startMs);
}

describe('law 1: conservation', () => {
  it('every grouping and sharing mode sums to what the facts cost and the flat cost, to the nano', () => {
    fc.assert(
      fc.property(factHours, queries, (hours, query) => {
        expect(totalOfSets(answer(hours, query))).toBe(totalOf(hours) + flatOf(query));
      }),
      runs,
    );
  });

  it('hidden idle is all that is missing when idle is hidden', () => {
    fc.assert(
      fc.property(factHours, aggregates, (hours, grouping) => {
        const query = { ...defaultAllocationQuery, grouping, idle: 'hidden' as const };
        expect(totalOfSets(answer(hours, query))).toBe(totalOf(hours, ['container', 'unattributed']));
      }),
      runs,
    );
  });

  it('each component sums to that component of the facts when nothing is shared', () => {
    fc.assert(
      fc.property(factHours, queries, (hours, some) => {
        const query = { ...some, share: null, sharedCostPerMonth: 0n };
        const [set] = answer(hours, query);
        for (const name of costComponents) {
          const costs = hours.flatMap(({ facts }) => facts.map((fact) => fact[name]));
          const expected = sumNanos(costs.map((cost) => (cost === null ? 0n : parseNanos(cost))));
          expect(sumNanos(set?.rows.map(({ costs: own }) => own[name] ?? 0n) ?? [])).toBe(expected);
        }
      }),
      runs,
    );
  });
});

describe('law 2: one total', () => {
  it('a filter and its complement sum to the total, however idle and shared costs are divided', () => {
    fc.assert(
      fc.property(factHours, queries, filters, (hours, query, filter) => {
        if (filter.kind === 'everything') throw new Error('not a filter');
        const passing = answer(hours, { ...query, filter });
        const stopped = answer(hours, { ...query, filter: complement(filter) });
        expect(totalOfSets(passing) + totalOfSets(stopped)).toBe(totalOfSets(answer(hours, query)));
      }),
      { numRuns: 200 },
    );
  });

  it('what passes a filter costs the same in every grouping', () => {
    fc.assert(
      fc.property(factHours, queries, filters, aggregates, (hours, some, filter, grouping) => {
        const query = { ...some, filter, shareSplit: 'weighted' as const };
        expect(totalOfSets(answer(hours, { ...query, grouping }))).toBe(totalOfSets(answer(hours, query)));
      }),
      runs,
    );
  });

  it('every step sums to the whole window, and so does what is accumulated from it', () => {
    fc.assert(
      fc.property(factHours, queries, fc.constantFrom('hour', '3h', 'day', '120m'), (hours, query, step) => {
        const sets = answer(hours, query, step);
        const whole = totalOf(hours) + flatOf(query);
        expect(totalOfSets(sets)).toBe(whole);
        expect(totalOfSets(accumulateSets(sets, 'all'))).toBe(whole);
      }),
      runs,
    );
  });

  it('with idle apart and nothing shared, accumulated hours are the answer for the whole window', () => {
    fc.assert(
      fc.property(factHours, aggregates, (hours, grouping) => {
        const query = { ...defaultAllocationQuery, grouping };
        const costsOf = ([set]: AllocationSet[]): unknown => set?.rows.map(({ name, costs }) => ({ name, costs }));
        expect(costsOf(accumulateSets(answer(hours, query, 'hour'), 'all'))).toEqual(costsOf(answer(hours, query)));
      }),
      runs,
    );
  });
});

/** What SQL does: rows that agree in all that the division of costs depends on are added up before. */
function rolledUp(rows: readonly CostRow[]): CostRow[] {
  const groups = new Map<string, CostRow[]>();
  for (const row of rows) {
    const { kind, name, cluster, node, matches, shared } = row;
    const key = JSON.stringify([kind, kind === 'idle' ? '' : name, cluster, node, matches, shared]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = [...group].sort((a, b) => (a.id < b.id ? -1 : 1));
    if (first === undefined) return [];
    const sum = new SumBuilder(first.name, window);
    for (const row of group) sum.add(row);
    return [{ ...first, ...sum.build(noProperties), name: first.name, id: first.id }];
  });
}

describe('law 3: the same answer from the same facts', () => {
  it('does not depend on the order of rows (D7: ties do not depend on the order of a map)', () => {
    const shuffled = factHours.chain((hours) =>
      fc.record({
        hours: fc.constant(hours),
        other: fc.shuffledSubarray(hours, { minLength: hours.length, maxLength: hours.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, queries, filters, ({ hours, other }, some, filter) => {
        const query = { ...some, filter };
        const backwards = other.map((hour) => ({ ...hour, facts: [...hour.facts].reverse() }));
        expect(answer(backwards, query)).toEqual(answer(hours, query));
      }),
      runs,
    );
  });

  it('costs the same to the nano from rows that were added up before, as from rollups', () => {
    fc.assert(
      fc.property(factHours, queries, filters, (hours, some, filter) => {
        const query = { ...some, filter };
        const steps = [window];
        const rows = rowsOf(hours, query);
        const money = (sets: AllocationSet[]): unknown =>
          sets.map(({ rows: own }) =>
            own.map(({ name, costs, sharedCost, totalCost }) => ({ name, costs, sharedCost, totalCost })),
          );
        expect(money(aggregateAllocations({ query, steps, rows: rolledUp(rows) }))).toEqual(
          money(aggregateAllocations({ query, steps, rows })),
        );
      }),
      runs,
    );
  });
});

describe('law 6: unknown is not zero', () => {
  it('a cost is null exactly where no row of the group knows it', () => {
    fc.assert(
      fc.property(factHours, aggregates, (hours, grouping) => {
        const query = { ...defaultAllocationQuery, grouping, idle: 'hidden' as const };
        const rows = rowsOf(hours, query).filter(({ kind }) => kind !== 'idle');
        const [set] = aggregateAllocations({ query, steps: [window], rows });
        for (const { name, costs } of set?.rows ?? []) {
          const parts = rows.filter((row) => row.name === name);
          for (const component of allocationCosts) {
            expect(costs[component] === null).toBe(parts.every((part) => part.costs[component] === null));
          }
        }
      }),
      runs,
    );
  });
});

describe('distribute', () => {
  const weights = fc.array(fc.bigInt(0n, 10n ** 12n), { minLength: 1, maxLength: 8 });

  it('adds up to the amount, and no part is a nano or more off its exact share', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 15n), 10n ** 15n), weights, (amount, some) => {
        const total = some.reduce((sum, weight) => sum + weight, 0n);
        const parts = distribute(
          amount,
          some.map((weight, index) => ({ weight, key: String(index) })),
        );
        if (total === 0n) {
          expect(parts).toBeNull();
          return;
        }
        expect(sumNanos(parts ?? [])).toBe(amount);
        for (const [index, weight] of some.entries()) {
          const off = (parts?.[index] ?? 0n) * total - amount * weight;
          expect(off < total && off > -total).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives what is left to the largest remainders, then to the smaller key', () => {
    const among = (...shares: [string, bigint][]): Nanos[] | null =>
      distribute(
        10n,
        shares.map(([key, weight]) => ({ key, weight })),
      );
    // 10 × 1/3 = 3 1/3 each: one nano is left, all remainders are equal.
    expect(among(['c', 1n], ['a', 1n], ['b', 1n])).toEqual([3n, 4n, 3n]);
    // 10 × (5, 3, 4)/12 = 4 1/6, 2 1/2, 3 1/3.
    expect(among(['a', 5n], ['b', 3n], ['c', 4n])).toEqual([4n, 3n, 3n]);
    expect(
      distribute(-7n, [
        { key: 'a', weight: 1n },
        { key: 'b', weight: 1n },
      ]),
    ).toEqual([-4n, -3n]);
  });
});
