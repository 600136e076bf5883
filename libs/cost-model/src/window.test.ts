import { AppError } from '@cloudtuner/errors';
import fc from 'fast-check';
import { daysOf, hoursOf, msPerDay, msPerHour, parseWindow, type TimeWindow } from './window';

const utc = (text: string): number => Date.parse(text);
const show = ({ startMs, endMs }: TimeWindow): string =>
  `${new Date(startMs).toISOString()} ${new Date(endMs).toISOString()}`;

// A Wednesday.
const nowMs = utc('2024-10-16T13:37:48.250Z');
const read = (text: string, utcOffsetMinutes = 0): string => show(parseWindow(text, { nowMs, utcOffsetMinutes }));

describe('parseWindow', () => {
  it.each([
    ['today', '2024-10-16T00:00:00.000Z 2024-10-17T00:00:00.000Z'],
    ['yesterday', '2024-10-15T00:00:00.000Z 2024-10-16T00:00:00.000Z'],
    ['week', '2024-10-13T00:00:00.000Z 2024-10-16T13:37:48.250Z'], // from Sunday
    ['lastweek', '2024-10-06T00:00:00.000Z 2024-10-13T00:00:00.000Z'],
    ['month', '2024-10-01T00:00:00.000Z 2024-10-16T13:37:48.250Z'],
    ['lastmonth', '2024-09-01T00:00:00.000Z 2024-10-01T00:00:00.000Z'],
    // The end is rounded up to the unit; weeks end with the day.
    ['7d', '2024-10-10T00:00:00.000Z 2024-10-17T00:00:00.000Z'],
    ['1d', '2024-10-16T00:00:00.000Z 2024-10-17T00:00:00.000Z'],
    ['24h', '2024-10-15T14:00:00.000Z 2024-10-16T14:00:00.000Z'],
    ['45m', '2024-10-16T12:53:00.000Z 2024-10-16T13:38:00.000Z'],
    ['2w', '2024-10-03T00:00:00.000Z 2024-10-17T00:00:00.000Z'],
    // With an offset nothing is rounded.
    ['45m offset 15m', '2024-10-16T12:37:48.250Z 2024-10-16T13:22:48.250Z'],
    ['2h offset 1d', '2024-10-15T11:37:48.250Z 2024-10-15T13:37:48.250Z'],
    ['1d offset 1h', '2024-10-15T12:37:48.250Z 2024-10-16T12:37:48.250Z'],
    ['1586822400,1586908800', '2020-04-14T00:00:00.000Z 2020-04-15T00:00:00.000Z'],
    ['1586822400-1586908800', '2020-04-14T00:00:00.000Z 2020-04-15T00:00:00.000Z'],
    ['2020-04-01T00:00:00Z,2020-04-03T12:30:15Z', '2020-04-01T00:00:00.000Z 2020-04-03T12:30:15.000Z'],
    // A future end is legal.
    ['2024-10-16T00:00:00Z,2030-01-01T00:00:00Z', '2024-10-16T00:00:00.000Z 2030-01-01T00:00:00.000Z'],
  ])('reads %s as [%s)', (text, window) => {
    expect(read(text)).toBe(window);
  });

  it('goes back 7 days for `offset 1w`, where OpenCost goes back 24 weeks', () => {
    expect(read('1d offset 1w')).toBe('2024-10-08T13:37:48.250Z 2024-10-09T13:37:48.250Z');
  });

  it('lets a duration end at the next boundary when now is exactly on one', () => {
    const window = parseWindow('7d', { nowMs: utc('2024-10-16T00:00:00Z') });
    expect(show(window)).toBe('2024-10-10T00:00:00.000Z 2024-10-17T00:00:00.000Z');
  });

  it.each([
    // 13:37 UTC is 06:37 in UTC−7.
    ['today', -420, '2024-10-16T07:00:00.000Z 2024-10-17T07:00:00.000Z'],
    ['lastmonth', -420, '2024-09-01T07:00:00.000Z 2024-10-01T07:00:00.000Z'],
    // 13:37 UTC is already Thursday 00:37 in UTC+11.
    ['today', 660, '2024-10-16T13:00:00.000Z 2024-10-17T13:00:00.000Z'],
    ['week', 660, '2024-10-12T13:00:00.000Z 2024-10-16T13:37:48.250Z'],
    ['month', 330, '2024-09-30T18:30:00.000Z 2024-10-16T13:37:48.250Z'],
    // Durations round in UTC whatever the offset.
    ['7d', 660, '2024-10-10T00:00:00.000Z 2024-10-17T00:00:00.000Z'],
  ])('begins the days of %s at the offset of %d minutes', (text, utcOffsetMinutes, window) => {
    expect(read(text, utcOffsetMinutes)).toBe(window);
  });

  it('counts the months of a year backwards across January', () => {
    expect(show(parseWindow('lastmonth', { nowMs: utc('2024-01-31T10:00:00Z') }))).toBe(
      '2023-12-01T00:00:00.000Z 2024-01-01T00:00:00.000Z',
    );
  });

  it.each([
    '',
    ' today',
    'Today',
    'tomorrow',
    '7',
    'd',
    '7y',
    '-7d',
    '0d',
    '7d ',
    '1.5h',
    '7d offset',
    '7d offset -1h',
    '99999999d',
    '1586822400',
    '1586822400,',
    '1586908800,1586822400',
    '1586822400,1586822400',
    '1586822400;1586908800',
    '1586822400|1586908800', // OpenCost's pattern lets it through by accident
    '2020-04-01,2020-04-03',
    '2020-04-01T00:00:00+02:00,2020-04-03T00:00:00+02:00',
    '2020-02-30T00:00:00Z,2020-04-03T00:00:00Z',
    'x2020-04-01T00:00:00Z,2020-04-03T00:00:00Z',
    '9999999d',
  ])('refuses %j and says so', (text) => {
    const refused = (): TimeWindow => parseWindow(text, { nowMs });
    expect(refused).toThrow(AppError);
    try {
      refused();
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid-window', details: { window: text } });
      expect((error as AppError).message).toContain(JSON.stringify(text));
    }
  });

  it('repeats no more than the beginning of a long text', () => {
    expect(() => parseWindow('x'.repeat(5000), { nowMs })).toThrow(/^.{0,200}$/);
  });

  it('never crashes in another way, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9mhdw ,ofset-]{0,20}$/)), (text) => {
        try {
          const { startMs, endMs } = parseWindow(text, { nowMs });
          expect(startMs).toBeLessThan(endMs);
          expect(Number.isSafeInteger(startMs) && Number.isSafeInteger(endMs)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-window' });
        }
      }),
    );
  });
});

describe('hoursOf and daysOf', () => {
  it('cuts the first and the last piece where the window is not aligned', () => {
    const window = { startMs: utc('2024-10-16T22:30:00Z'), endMs: utc('2024-10-17T00:15:00Z') };
    expect(hoursOf(window).map(show)).toEqual([
      '2024-10-16T22:30:00.000Z 2024-10-16T23:00:00.000Z',
      '2024-10-16T23:00:00.000Z 2024-10-17T00:00:00.000Z',
      '2024-10-17T00:00:00.000Z 2024-10-17T00:15:00.000Z',
    ]);
    expect(daysOf(window).map(show)).toEqual([
      '2024-10-16T22:30:00.000Z 2024-10-17T00:00:00.000Z',
      '2024-10-17T00:00:00.000Z 2024-10-17T00:15:00.000Z',
    ]);
  });

  it('of an empty window are none', () => {
    expect(hoursOf({ startMs: 5 * msPerHour, endMs: 5 * msPerHour })).toEqual([]);
  });

  it('meet without gap or overlap, whatever the window', () => {
    fc.assert(
      fc.property(fc.nat(100 * msPerDay), fc.integer({ min: 1, max: 3 * msPerDay }), (startMs, durationMs) => {
        const window = { startMs, endMs: startMs + durationMs };
        for (const [pieces, stepMs] of [
          [hoursOf(window), msPerHour],
          [daysOf(window), msPerDay],
        ] as const) {
          expect(pieces[0]?.startMs).toBe(window.startMs);
          expect(pieces.at(-1)?.endMs).toBe(window.endMs);
          pieces.forEach((piece, index) => {
            const next = pieces[index + 1];
            if (next !== undefined) expect(piece.endMs).toBe(next.startMs);
            expect(Math.floor(piece.startMs / stepMs)).toBe(Math.floor((piece.endMs - 1) / stepMs));
          });
        }
      }),
    );
  });
});
