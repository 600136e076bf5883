import { AppError } from '@cloudtuner/errors';
import type { TimeWindow } from '../window';
import { accumulateSets, parseStep, stepsOf } from './steps';

const at = (text: string): number => Date.parse(text);
const window: TimeWindow = { startMs: at('2024-10-31T06:00:00Z'), endMs: at('2024-11-04T03:00:00Z') };
const edges = (step: string, of = window): string[] =>
  stepsOf(of, parseStep(step)).map(({ startMs, endMs }) =>
    [startMs, endMs].map((edgeMs) => new Date(edgeMs).toISOString().slice(5, 13)).join(' to '),
  );

describe('stepsOf', () => {
  it('cuts at the days of the calendar', () => {
    expect(edges('day')).toEqual([
      '10-31T06 to 11-01T00',
      '11-01T00 to 11-02T00',
      '11-02T00 to 11-03T00',
      '11-03T00 to 11-04T00',
      '11-04T00 to 11-04T03',
    ]);
  });

  it('begins weeks on Sunday, and months and quarters on their first', () => {
    // 3 November 2024 is a Sunday.
    expect(edges('week')).toEqual(['10-31T06 to 11-03T00', '11-03T00 to 11-04T03']);
    expect(edges('month')).toEqual(['10-31T06 to 11-01T00', '11-01T00 to 11-04T03']);
    expect(edges('quarter', { startMs: at('2024-09-29T00:00:00Z'), endMs: at('2024-10-02T00:00:00Z') })).toEqual([
      '09-29T00 to 10-01T00',
      '10-01T00 to 10-02T00',
    ]);
  });

  it('walks lengths forward from the start, and ends with the window', () => {
    expect(edges('2d')).toEqual(['10-31T06 to 11-02T06', '11-02T06 to 11-04T03']);
    expect(edges('60m', { startMs: window.startMs, endMs: window.startMs + 7_200_000 })).toEqual([
      '10-31T06 to 10-31T07',
      '10-31T07 to 10-31T08',
    ]);
    expect(edges('all')).toEqual(['10-31T06 to 11-04T03']);
    expect(edges('hour')).toHaveLength(93);
  });

  it.each(['', '1', '0h', '30m', '90m', 'Day', '1y', '-1d', 'fortnight'])('refuses %j', (text) => {
    expect(() => parseStep(text)).toThrow(AppError);
    expect(() => parseStep(text)).toThrow(/Cannot use the step/);
  });
});

describe('accumulateSets', () => {
  const sets = (step: string) => stepsOf(window, parseStep(step)).map((one) => ({ window: one, rows: [] }));

  it('makes one set per span, cut where the first and last are', () => {
    expect(accumulateSets(sets('day'), 'month').map(({ window: { startMs } }) => startMs)).toEqual([
      window.startMs,
      at('2024-11-01T00:00:00Z'),
    ]);
    expect(accumulateSets([], 'day')).toEqual([]);
  });

  it('refuses steps that lie across the edges of the spans', () => {
    expect(() => accumulateSets(sets('2d'), 'day')).toThrow(/longer than it, or lie across/);
    expect(() => accumulateSets(sets('week'), 'month')).toThrow(AppError);
  });
});
