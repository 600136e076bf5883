import { rowOf } from '../testing/rows';
import { podRatesOf } from './rates';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 0, 5, 12);

describe('podRatesOf', () => {
  it('is the mean cost an hour of the time that each container ran, per resource', () => {
    const endMs = startMs + 30 * minuteMs;
    const rows = [
      // Half an hour: 0.5 + 0.1 is 1 + 0.2 an hour. The sidecar came a quarter of an hour ago: 0.25 is 1 an hour.
      rowOf({ minutes: 30, endMs, costs: { cpu: 0.5, ram: 0.1 } }),
      rowOf({ container: 'sidecar', minutes: 15, endMs, costs: { cpu: 0.25 } }),
    ];
    expect(podRatesOf({ startMs, rows })).toMatchObject([{ pod: 'web-1', hourlyCosts: { cpu: 2, ram: 0.2 } }]);
  });

  it('leaves out a pod that has ended more than two looks before the latest', () => {
    const rows = [
      rowOf({ minutes: 30, endMs: startMs + 30 * minuteMs }),
      rowOf({ pod: 'at-ten', minutes: 20, endMs: startMs + 20 * minuteMs }),
      rowOf({ pod: 'job', minutes: 19, endMs: startMs + 19 * minuteMs }),
    ];
    expect(podRatesOf({ startMs, rows })?.map(({ pod }) => pod)).toEqual(['web-1', 'at-ten']);
  });

  it('says nothing while the hour is too young', () => {
    expect(podRatesOf({ startMs, rows: [rowOf({ minutes: 4, endMs: startMs + 4 * minuteMs })] })).toBeUndefined();
    expect(podRatesOf({ startMs, rows: [] })).toBeUndefined();
  });
});
