import type { SummaryDuration } from './summaries';

const secondsOf = { hour: 3_600, day: 86_400 } as const;

function monthAt(seconds: number, offset: number): number {
  const date = new Date(seconds * 1_000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset) / 1_000;
}

/** Start of the window that a moment lies in, or of one so many windows later; unix seconds. */
export function windowStart(duration: SummaryDuration, seconds: number, offset = 0): number {
  if (duration === 'month') return monthAt(seconds, offset);
  return (Math.floor(seconds / secondsOf[duration]) + offset) * secondsOf[duration];
}

/** Whole windows around `[from, until)`. */
export function wholeWindows(duration: SummaryDuration, from: number, until: number): { from: number; until: number } {
  const end = windowStart(duration, until);
  return { from: windowStart(duration, from), until: end === until ? end : windowStart(duration, until, 1) };
}

/** How many windows begin in `[from, until)`, whose ends are edges of windows. */
export function countWindows(duration: SummaryDuration, { from, until }: { from: number; until: number }): number {
  if (duration !== 'month') return Math.round((until - from) / secondsOf[duration]);
  const monthsOf = (seconds: number): number => {
    const date = new Date(seconds * 1_000);
    return date.getUTCFullYear() * 12 + date.getUTCMonth();
  };
  return monthsOf(until) - monthsOf(from);
}

/** Hours of the window that begins then. */
export const hoursOfWindow = (duration: SummaryDuration, start: number): number =>
  (windowStart(duration, start, 1) - start) / secondsOf.hour;
