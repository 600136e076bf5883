import { dimensionFor, planReading, type AllocationColumn, type AllocationDay } from './reading-plan';

const secondsPerDay = 86_400;
const hours = [0, 1].map((index) => ({ hour: index * 3_600, dataVersion: `v${String(index)}`, rows: 10 }));
const summed: AllocationDay = { day: 0, hours, rollup: { dataVersion: 'r', rows: 20, labelKeys: ['team'] } };
const changed: AllocationDay = {
  day: secondsPerDay,
  hours: [{ hour: secondsPerDay, dataVersion: 'v', rows: 7 }],
  rollup: null,
};
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
});

describe('a plan', () => {
  it('takes sums by dimension where they are current, hours where they are not, and counts their rows', () => {
    expect(planReading([summed, changed], byNamespace, oneStep)).toEqual({
      dimension: 'namespace',
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
    const [first, second] = hours;
    if (first === undefined || second === undefined) throw new Error('no hours');
    const plan = planReading(
      [{ day: 0, hours: [first, { ...second, rows: null }], rollup: null }],
      byNamespace,
      oneStep,
    );
    expect(plan).toMatchObject({ hours: [{ hour: 0, dataVersion: 'v0' }], factRows: 10, hoursWithoutPods: [3_600] });
  });
});
