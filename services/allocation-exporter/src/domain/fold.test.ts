import * as fc from 'fast-check';
import { rowOf } from '../testing/rows';
import { costOf, type ExportedRow } from './exported-row';
import { foldRows } from './fold';

const pod = (name: string, cpu: number, fields: Partial<ExportedRow> = {}) =>
  rowOf({ pod: name, costs: { cpu }, ...fields });
const namesOf = (rows: readonly ExportedRow[]) => rows.map(({ namespace, pod: name }) => `${namespace}/${name}`).sort();

describe('foldRows', () => {
  it('folds pods below the floor into one row for each namespace, and counts them', () => {
    const rows = [pod('big', 1), pod('a', 0.001), pod('b', 0.002), pod('c', 0.004, { namespace: 'other' })];
    const folded = foldRows(rows, { minHourlyCost: 0.01, maxPods: 100 });
    expect(namesOf(folded.rows)).toEqual(['other/__other__', 'shop/__other__', 'shop/big']);
    expect(folded.rows.find(({ pod: name, namespace }) => name === '__other__' && namespace === 'shop')).toMatchObject({
      container: '__other__',
      node: '',
      costs: { cpu: 0.003 },
      quantities: { cpuCoreHours: 4 },
    });
    expect(folded).toMatchObject({ foldedPods: 3 });
    expect(folded.foldedCost).toBeCloseTo(0.007, 12);
  });

  it('measures a pod by what it costs an hour of running, so that a young one is not folded', () => {
    // One minute at 0.6 an hour has cost 0.01.
    const young = pod('young', 0.01, { minutes: 1 });
    expect(foldRows([young], { minHourlyCost: 0.5, maxPods: 10 }).foldedPods).toBe(0);
    expect(foldRows([{ ...young, minutes: 60 }], { minHourlyCost: 0.5, maxPods: 10 }).foldedPods).toBe(1);
  });

  it('looks at a pod as a whole: a cheap sidecar stays with its pod', () => {
    const rows = [pod('web', 1), pod('web', 0.0001, { container: 'sidecar' })];
    expect(foldRows(rows, { minHourlyCost: 0.01, maxPods: 10 }).rows).toHaveLength(2);
  });

  it('keeps the most expensive pods when there are more than may be', () => {
    const rows = [pod('a', 1), pod('b', 3), pod('c', 2)];
    expect(namesOf(foldRows(rows, { minHourlyCost: 0, maxPods: 2 }).rows)).toEqual([
      'shop/__other__',
      'shop/b',
      'shop/c',
    ]);
  });

  it('never changes what a namespace costs, and never has more pods than may be', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd');
    const anyRow = fc.record({
      namespace: names,
      pod: names,
      container: names,
      cents: fc.nat(1000),
      minutes: fc.nat(60),
    });
    fc.assert(
      fc.property(fc.array(anyRow), fc.nat(5), fc.nat(500), (all, maxPods, floor) => {
        const rows = all.map(({ cents, ...fields }) => rowOf({ ...fields, costs: { cpu: cents } }));
        const folded = foldRows(rows, { minHourlyCost: floor, maxPods });
        const sums = (of: readonly ExportedRow[]) => {
          const byNamespace = new Map<string, number>();
          for (const row of of) byNamespace.set(row.namespace, (byNamespace.get(row.namespace) ?? 0) + costOf(row));
          return Object.fromEntries([...byNamespace].sort());
        };
        expect(sums(folded.rows)).toEqual(sums(rows));
        const own = new Set(namesOf(folded.rows).filter((name) => !name.endsWith('__other__')));
        expect(own.size).toBeLessThanOrEqual(maxPods);
      }),
      { numRuns: 200 },
    );
  });
});
