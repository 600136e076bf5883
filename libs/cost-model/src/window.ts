import { AppError } from '@cloudtuner/errors';
import { cut, echoed } from './echo';

/** A half-open span of time `[startMs, endMs)`, in milliseconds since the epoch. */
export interface TimeWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** The moment and the calendar that a window text is relative to. */
export interface WindowContext {
  readonly nowMs: number;
  /** Where days, weeks and months of the named windows begin, in minutes east of UTC. Default 0. */
  readonly utcOffsetMinutes?: number;
}

const msPerMinute = 60_000;
export const msPerHour = 60 * msPerMinute;
export const msPerDay = 24 * msPerHour;

const unitMs = { m: msPerMinute, h: msPerHour, d: msPerDay, w: 7 * msPerDay } as const;
type Unit = keyof typeof unitMs;

const durationPattern = /^(\d{1,7})([mhdw])$/;
const durationOffsetPattern = /^(\d{1,7})([mhdw]) offset (\d{1,7})([mhdw])$/;
const unixPairPattern = /^(\d{1,11})[,-](\d{1,11})$/;
const rfc3339PairPattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ),(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/;

function invalidWindow(text: string, reason: string): AppError {
  return new AppError('invalid-window', `Invalid window ${echoed(text)}: ${reason}.`, {
    details: { window: cut(text) },
  });
}

const truncate = (timestampMs: number, stepMs: number): number => Math.floor(timestampMs / stepMs) * stepMs;

/** Midnights, Sundays and firsts of the month on the wall clock of a fixed offset, as UTC milliseconds. */
function calendar({ nowMs, utcOffsetMinutes = 0 }: WindowContext): {
  todayMs: number;
  thisWeekMs: number;
  monthMs: (monthsBack: number) => number;
} {
  const offsetMs = utcOffsetMinutes * msPerMinute;
  const wallClock = new Date(nowMs + offsetMs);
  const todayMs = truncate(nowMs + offsetMs, msPerDay) - offsetMs;
  return {
    todayMs,
    thisWeekMs: todayMs - wallClock.getUTCDay() * msPerDay,
    monthMs: (monthsBack) => Date.UTC(wallClock.getUTCFullYear(), wallClock.getUTCMonth() - monthsBack, 1) - offsetMs,
  };
}

function namedWindow(name: string, context: WindowContext): TimeWindow | undefined {
  const { nowMs } = context;
  const { todayMs, thisWeekMs, monthMs } = calendar(context);
  switch (name) {
    case 'today':
      return { startMs: todayMs, endMs: todayMs + msPerDay };
    case 'yesterday':
      return { startMs: todayMs - msPerDay, endMs: todayMs };
    case 'week':
      return { startMs: thisWeekMs, endMs: nowMs };
    case 'lastweek':
      return { startMs: thisWeekMs - unitMs.w, endMs: thisWeekMs };
    case 'month':
      return { startMs: monthMs(0), endMs: nowMs };
    case 'lastmonth':
      return { startMs: monthMs(1), endMs: monthMs(0) };
    default:
      return undefined;
  }
}

/** `7d` is today and the six days before it: the end is the next boundary of the unit in UTC, of the day for weeks. */
function durationWindow(count: number, unit: Unit, nowMs: number): TimeWindow {
  const roundingMs = unit === 'w' ? msPerDay : unitMs[unit];
  const endMs = truncate(nowMs, roundingMs) + roundingMs;
  return { startMs: endMs - count * unitMs[unit], endMs };
}

/** A date that exists: 30 February is not read as 1 March. */
function parseRfc3339(text: string): number | undefined {
  const timestampMs = Date.parse(text);
  if (Number.isNaN(timestampMs)) return undefined;
  return new Date(timestampMs).toISOString() === text.replace('Z', '.000Z') ? timestampMs : undefined;
}

function parseAnyForm(text: string, context: WindowContext): TimeWindow | undefined {
  const duration = durationPattern.exec(text);
  if (duration !== null) return durationWindow(Number(duration[1]), duration[2] as Unit, context.nowMs);
  const offset = durationOffsetPattern.exec(text);
  if (offset !== null) {
    const endMs = context.nowMs - Number(offset[3]) * unitMs[offset[4] as Unit];
    return { startMs: endMs - Number(offset[1]) * unitMs[offset[2] as Unit], endMs };
  }
  const unixPair = unixPairPattern.exec(text);
  if (unixPair !== null) return { startMs: Number(unixPair[1]) * 1000, endMs: Number(unixPair[2]) * 1000 };
  const rfc3339Pair = rfc3339PairPattern.exec(text);
  if (rfc3339Pair === null) return undefined;
  const [startMs, endMs] = [parseRfc3339(rfc3339Pair[1] ?? ''), parseRfc3339(rfc3339Pair[2] ?? '')];
  return startMs === undefined || endMs === undefined ? undefined : { startMs, endMs };
}

/**
 * Reads a window: `today`, `yesterday`, `week`, `lastweek`, `month`, `lastmonth`, `7d`, `45m offset 1h`,
 * `1586822400,1586908800`, `1586822400-1586908800` or `2020-04-01T00:00:00Z,2020-04-03T00:00:00Z`.
 * An end in the future is legal. `week` and `month` end now, so they are empty at the very moment they begin.
 *
 * **Source**: the `window` parameter of OpenCost. Two of its defects are not kept: `offset 1w` is 7 days (there it is
 * 24 weeks), and with a UTC offset the day is the one on that wall clock (there it can be tomorrow's). A window that
 * ends before it starts, or is empty, is refused.
 *
 * @throws AppError `invalid-window` with the offending text in its message and details.
 */
export function parseWindow(text: string, context: WindowContext): TimeWindow {
  const named = namedWindow(text, context);
  if (named !== undefined) return named;
  const window = parseAnyForm(text, context);
  if (window === undefined) throw invalidWindow(text, 'it has none of the documented forms');
  if (window.endMs <= window.startMs) throw invalidWindow(text, 'its end must be after its start');
  if (window.startMs < 0) throw invalidWindow(text, 'it starts before 1970');
  return window;
}

function piecesOf(window: TimeWindow, stepMs: number): TimeWindow[] {
  const pieces: TimeWindow[] = [];
  for (let fromMs = truncate(window.startMs, stepMs); fromMs < window.endMs; fromMs += stepMs) {
    pieces.push({ startMs: Math.max(fromMs, window.startMs), endMs: Math.min(fromMs + stepMs, window.endMs) });
  }
  return pieces;
}

/** The UTC hours of a window in order; the first and the last are cut where the window is not aligned. */
export function hoursOf(window: TimeWindow): TimeWindow[] {
  return piecesOf(window, msPerHour);
}

/** The UTC days of a window in order; the first and the last are cut where the window is not aligned. */
export function daysOf(window: TimeWindow): TimeWindow[] {
  return piecesOf(window, msPerDay);
}
