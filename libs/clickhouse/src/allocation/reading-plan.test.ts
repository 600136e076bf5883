import fc from 'fast-check';
import { withPeriods, type AllocationDay, type StoredHour } from './allocation-days';
import { periodEndOf, periodVersionOf, wholePeriods, type PeriodVersion } from './periods';
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

describe('the pieces of a plan', () => {
  const start = Date.UTC(2026, 0, 1) / 1_000;
  /** Days of which some have no sums, and their periods, of which some were not written or were made of other days. */
  const arbitraryDays = fc
    .record({
      dayCount: fc.integer({ min: 1, max: 75 }),
      offset: fc.integer({ min: 0, max: 60 }),
      unsummed: fc.uniqueArray(fc.integer({ min: 0, max: 74 }), { maxLength: 5 }),
      faulty: fc.uniqueArray(fc.integer({ min: 0, max: 150 }), { maxLength: 30 }),
      faultIs: fc.constantFrom('missing', 'outdated'),
    })
    .map(({ dayCount, offset, unsummed, faulty, faultIs }) => {
      const days = Array.from({ length: dayCount }, (_none, index) => {
        const day = start + (offset + index) * secondsPerDay;
        const rows = 1 + (index % 3);
        return dayOf(
          day,
          [hourOf(day, 'v', rows)],
          unsummed.includes(index) ? null : { dataVersion: `r${String(day)}`, rows, labelKeys: [] },
        );
      });
      const summedDays = days.flatMap(({ day, rollup: sums }) => (sums === null ? [] : [{ day, ...sums }]));
      const current = wholePeriods(summedDays).map((period) => ({ period, version: periodVersionOf(period) }));
      const isFaulty = (index: number): boolean => faulty.includes(index);
      const written = current.flatMap(({ period: { kind, start: from }, version }, index) => {
        if (isFaulty(index) && faultIs === 'missing') return [];
        return [{ kind, start: from, dataVersion: isFaulty(index) ? 'outdated' : version }];
      });
      const usable = current.flatMap(({ period }, index) => (isFaulty(index) ? [] : [period]));
      return { days: withPeriods(days, written), usable };
    });
  const arbitrarySteps = fc.option(fc.integer({ min: 1, max: 10 }), { nil: null });

  it('have every day once, in no step but its own, and are as few as can be', () => {
    fc.assert(
      fc.property(arbitraryDays, arbitrarySteps, ({ days, usable }, stepDays) => {
        const [first] = days;
        const from = first?.day ?? 0;
        const steps = { from, stepSeconds: stepDays === null ? null : stepDays * secondsPerDay };
        const stepOf = (day: number): number =>
          steps.stepSeconds === null ? 0 : Math.floor((day - from) / steps.stepSeconds);
        const plan = planReading(days, byNamespace, steps);
        const daysOf = ({ kind, start: begin }: PeriodVersion): number[] => {
          const length = (periodEndOf(kind, begin) - begin) / secondsPerDay;
          return Array.from({ length }, (_none, index) => begin + index * secondsPerDay);
        };
        const pieces = [
          ...plan.groupPeriods.map(daysOf),
          ...plan.groupDays.map(({ day }) => [day]),
          ...plan.hours.map(({ hour }) => [hour]),
        ];
        expect(pieces.flat().toSorted((a, b) => a - b)).toEqual(days.map(({ day }) => day));
        for (const piece of pieces) expect(new Set(piece.map(stepOf)).size).toBe(1);
        expect(plan.factRows).toBe(days.reduce((sum, { hours: [hour] }) => sum + (hour?.rows ?? 0), 0));

        // From the first day on: the fewest pieces that reach each day.
        const fewest = days.map(() => Infinity).concat(Infinity);
        fewest[0] = 0;
        for (const [index, { day }] of days.entries()) {
          const lengths = usable
            .filter(
              ({ start: begin, days: ofPeriod }) => begin === day && stepOf(ofPeriod.at(-1)?.day ?? 0) === stepOf(day),
            )
            .map(({ days: ofPeriod }) => ofPeriod.length);
          for (const length of [1, ...lengths])
            fewest[index + length] = Math.min(fewest[index + length] ?? Infinity, 1 + (fewest[index] ?? Infinity));
        }
        expect(pieces).toHaveLength(fewest[days.length] ?? Infinity);
      }),
      { numRuns: 500 },
    );
  });
});
