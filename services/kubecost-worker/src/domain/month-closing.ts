import { daySeconds, hourSeconds } from './calendar';
import { nextMonth } from './summary-windows';

/** When months close. */
export interface MonthClosing {
  /** Days after its end from which a month may be closed. */
  readonly closeDays: number;
  /** How far back an hour that is not closed is looked for: one that is older stays missing. */
  readonly lookbackHours: number;
}

/** What months that are open after their closing day do; see {@link openMonthState}. */
export const openMonthStates = ['waiting', 'late'] as const;

export type OpenMonthState = (typeof openMonthStates)[number];

/** A month in which something was changed a moment ago, by a backfill or late samples, may be in the middle of it. */
export const monthRestSeconds = daySeconds;

/** From when on a month may be closed, and from when on although something of it is missing; unix seconds. */
export function closableFrom(month: number, { closeDays, lookbackHours }: MonthClosing) {
  const whole = nextMonth(month) + closeDays * daySeconds;
  return { whole, incomplete: whole + lookbackHours * hourSeconds };
}

/**
 * How it stands with a month that is open: `waiting` from its closing day on, as something of it may still come; `late` when nothing is waited
 * for any more but a day without a change. Null before its closing day.
 */
export function openMonthState(month: number, closing: MonthClosing, nowMs: number): OpenMonthState | null {
  const { whole, incomplete } = closableFrom(month, closing);
  const nowSeconds = nowMs / 1_000;
  if (nowSeconds < whole) return null;
  return nowSeconds < incomplete + monthRestSeconds ? 'waiting' : 'late';
}
