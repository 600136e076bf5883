import type { AllocationDay, StoredHour } from './allocation-days';
import { dimensionFor, planReading, type AllocationColumn } from './reading-plan';

const secondsPerDay = 86_400;
const observed = { closed: true, measuredSeconds: 3_600, lastSample: null, flags: [] };
const hourOf = (hour: number, dataVersion: string, rows: number | null): StoredHour => ({
  ...observed,
  hour,
  dataVersion,
  rows,
  readAtMs: 1,
});
const dayOf = (day: number, hours: readonly StoredHour[], rollup: AllocationDay['rollup'] = null): AllocationDay => ({
  ...observed,
  day,
  hoursVersion: 'h',
  hourCount: hours.length,
  hours,
  rollup,
  periods: [],
});
const hours = [hourOf(0, 'v0', 10), hourOf(3_600, 'v1', 10)];
const rollup = { dataVersion: 'r', rows: 20, labelKeys: ['team'] };
const summed = dayOf(0, hours, rollup);
const changed = dayOf(secondsPerDay, [hourOf(secondsPerDay, 'v', 7)]);
const oneStep = { from: 0, stepSeconds: null };
const byNamespace = { columns: ['namespace' as const], labelKeys: [] };

describe('the dimension that answers a grouping', () => {
  it.each<[string, AllocationColumn[], string[], string | null]>([
    ['everything in one row', [], [], 'namespace'],
    ['namespace', ['namespace'], [], 'namespace'],
    ['node', ['node'], [], 'node'],
    ['controller without its namespace', ['controller_kind', 'controller'], [], 'controller'],
    ['namespace and node: no dimension has both', ['namespace', 'node'], [], null],
    ['pod', ['namespace', 'pod'], [], null],
    ['one label', [], ['team'], 'label:team'],
    ['two labels', [], ['team', 'app'], null],
    ['a label within namespaces', ['namespace'], ['team'], null],
  ])('for %s', (_what, columns, labelKeys, dimension) => {
    expect(dimensionFor({ columns, labelKeys })).toBe(dimension);
  });

  it('is none for what only pods have', () => {
    const details = { services: true, annotationKeys: [], labelNames: false, annotationNames: false };
    expect(dimensionFor({ columns: ['namespace'], labelKeys: [], details })).toBeNull();
  });
});

describe('a plan', () => {
  it('takes sums by dimension where they are current, hours where they are not, and counts their rows', () => {
    expect(planReading([summed, changed], byNamespace, oneStep)).toEqual({
      dimension: 'namespace',
      groupPeriods: [],
      podPeriods: [],
      groupDays: [{ day: 0, dataVersion: 'r' }],
      podDays: [],
      hours: [{ hour: secondsPerDay, dataVersion: 'v' }],
      factRows: 27,
      hoursWithoutPods: [],
    });
  });

  it('takes sums by pod for a label that the day was not summed by', () => {
    const plan = planReading([summed], { columns: [], labelKeys: ['app'] }, oneStep);
    expect(plan).toMatchObject({ groupDays: [], podDays: [{ day: 0, dataVersion: 'r' }], hours: [] });
    expect(planReading([summed], { columns: [], labelKeys: ['team'] }, oneStep).groupDays).toHaveLength(1);
  });

  it.each([
    [3_600, 0, 'hours'],
    [secondsPerDay, 0, 'days'],
    [7 * secondsPerDay, 0, 'days'],
    [secondsPerDay, 3_600, 'hours'],
  ])('with steps of %i s that begin %i s after midnight reads %s', (stepSeconds, from, source) => {
    const plan = planReading([summed], byNamespace, { from, stepSeconds });
    expect(plan.hours.length > 0 ? 'hours' : 'days').toBe(source);
    expect(plan.factRows).toBe(20);
  });

  it('leaves out hours that were stored without pods, and names them', () => {
    const plan = planReading([dayOf(0, [hourOf(0, 'v0', 10), hourOf(3_600, 'v1', null)])], byNamespace, oneStep);
    expect(plan).toMatchObject({ hours: [{ hour: 0, dataVersion: 'v0' }], factRows: 10, hoursWithoutPods: [3_600] });
  });

  it('refuses hours that are not listed rather than to leave them out', () => {
    const unlisted = { ...summed, hours: [] };
    expect(planReading([unlisted], byNamespace, oneStep).factRows).toBe(20);
    expect(() => planReading([unlisted], byNamespace, { from: 0, stepSeconds: 3_600 })).toThrow(RangeError);
  });
});
