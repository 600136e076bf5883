import { HOURS_PER_WEEK, MINUTES_PER_HOUR, MS_PER_HOUR, MS_PER_MINUTE, MS_PER_WEEK, mondayBefore } from './calendar';

/**
 * A rate or level that is constant within each UTC minute and repeats each week:
 * level = hourly[hour of the week] + minutely[minute of the hour], both whole numbers.
 *
 * Because it is piecewise constant and whole, its integral over any span of whole milliseconds is a whole number with
 * a closed form: counters need no state, and the price book needs no rounding before its last step.
 */
export interface Cycle {
  readonly hourly: readonly number[];
  readonly minutely: readonly number[];
}

const NO_MINUTES: readonly number[] = Array.from({ length: MINUTES_PER_HOUR }, () => 0);

/** A cycle from its value in each of the 168 hours of a week (hour 0 is Monday 00:00Z) and each minute of an hour. */
export function cycleOf(hourly: (hour: number) => number, minutely?: (minute: number) => number): Cycle {
  return {
    hourly: Array.from({ length: HOURS_PER_WEEK }, (_, hour) => hourly(hour)),
    minutely: minutely ? Array.from({ length: MINUTES_PER_HOUR }, (_, minute) => minutely(minute)) : NO_MINUTES,
  };
}

/** A cycle that never changes. */
export function steady(level: number): Cycle {
  return cycleOf(() => level);
}

/** The cycle whose level is the sum of others at every instant. */
export function sumOfCycles(cycles: readonly Cycle[]): Cycle {
  const sumAt = (index: number, pick: (cycle: Cycle) => readonly number[]): number =>
    cycles.reduce((sum, cycle) => sum + (pick(cycle)[index] ?? 0), 0);
  return cycleOf(
    (hour) => sumAt(hour, (cycle) => cycle.hourly),
    (minute) => sumAt(minute, (cycle) => cycle.minutely),
  );
}

const hourOfWeek = (tMs: number): number => Math.floor((tMs - mondayBefore(tMs)) / MS_PER_HOUR);
const minuteOfHour = (tMs: number): number => Math.floor((tMs % MS_PER_HOUR) / MS_PER_MINUTE);

/** The level at an instant. */
export function levelAt(cycle: Cycle, tMs: number): number {
  return (cycle.hourly[hourOfWeek(tMs)] ?? 0) + (cycle.minutely[minuteOfHour(tMs)] ?? 0);
}

/** Running totals: element i is the sum of the first i values. */
function runningTotals(values: readonly number[]): number[] {
  const totals = [0];
  let total = 0;
  for (const value of values) totals.push((total += value));
  return totals;
}

/**
 * The integral of a cycle since an instant, as a function of time, in level·milliseconds.
 *
 * Whole and exact as long as it stays below 2^53 (9·10^15): ten years of 28 MB per second stay below.
 */
export function integralSince(cycle: Cycle, fromMs: number): (tMs: number) => number {
  const anchorMs = mondayBefore(fromMs);
  const minuteTotals = runningTotals(cycle.minutely);
  const wholeHourOfMinutes = minuteTotals[MINUTES_PER_HOUR] ?? 0;
  const hourTotals = runningTotals(
    cycle.hourly.map((level) => level * MS_PER_HOUR + wholeHourOfMinutes * MS_PER_MINUTE),
  );
  const wholeWeek = hourTotals[HOURS_PER_WEEK] ?? 0;

  const sinceAnchor = (tMs: number): number => {
    const elapsedMs = tMs - anchorMs;
    const weeks = Math.floor(elapsedMs / MS_PER_WEEK);
    const inWeekMs = elapsedMs - weeks * MS_PER_WEEK;
    const hour = Math.floor(inWeekMs / MS_PER_HOUR);
    const inHourMs = inWeekMs - hour * MS_PER_HOUR;
    const minute = Math.floor(inHourMs / MS_PER_MINUTE);
    const inMinuteMs = inHourMs - minute * MS_PER_MINUTE;
    return (
      weeks * wholeWeek +
      (hourTotals[hour] ?? 0) +
      (cycle.hourly[hour] ?? 0) * inHourMs +
      (minuteTotals[minute] ?? 0) * MS_PER_MINUTE +
      (cycle.minutely[minute] ?? 0) * inMinuteMs
    );
  };
  const before = sinceAnchor(fromMs);
  return (tMs) => sinceAnchor(tMs) - before;
}

/**
 * The same integral in integers of any size, for the price book: nano-dollars times milliseconds outgrow 2^53 within
 * weeks.
 */
export function exactIntegralSince(cycle: Cycle, fromMs: number): (tMs: number) => bigint {
  const anchorMs = mondayBefore(fromMs);
  const wholeHourOfMinutes = cycle.minutely.reduce((sum, level) => sum + level * MS_PER_MINUTE, 0);
  const pieceMs = wholeHourOfMinutes === 0 ? MS_PER_HOUR : MS_PER_MINUTE;
  const hourTotals = [0n];
  let wholeWeek = 0n;
  for (const level of cycle.hourly) {
    wholeWeek += BigInt(level) * BigInt(MS_PER_HOUR) + BigInt(wholeHourOfMinutes);
    hourTotals.push(wholeWeek);
  }

  const sinceAnchor = (tMs: number): bigint => {
    const weeks = Math.floor((tMs - anchorMs) / MS_PER_WEEK);
    const hour = hourOfWeek(tMs);
    let total = BigInt(weeks) * wholeWeek + (hourTotals[hour] ?? 0n);
    const hourStartMs = anchorMs + weeks * MS_PER_WEEK + hour * MS_PER_HOUR;
    for (let fromPieceMs = hourStartMs; fromPieceMs < tMs; fromPieceMs += pieceMs) {
      total += BigInt(levelAt(cycle, fromPieceMs)) * BigInt(Math.min(pieceMs, tMs - fromPieceMs));
    }
    return total;
  };
  const before = sinceAnchor(fromMs);
  return (tMs) => sinceAnchor(tMs) - before;
}
