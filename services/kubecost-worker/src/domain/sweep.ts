import { daySeconds, hourSeconds } from './calendar';

/** The hour of the day in which an account has its turn; the same on every worker. */
const turnOf = (cloudAccountId: string): number => Number.parseInt(cloudAccountId.slice(0, 8), 16) % 24;

/** When the sweep of a day is due for an account; unix seconds. */
export const sweepDueAt = (cloudAccountId: string, day: number): number => day + turnOf(cloudAccountId) * hourSeconds;

/**
 * The hours that the sweep of a day reads again: 24 whose last sample has had time to arrive when it is due. Those of two days adjoin, so every
 * hour has its turn once, whenever the sweep is run.
 */
export function sweepWindow(
  cloudAccountId: string,
  day: number,
  outOfOrderSeconds: number,
): { readonly from: number; readonly to: number } {
  const to = sweepDueAt(cloudAccountId, day) - outOfOrderSeconds;
  return { from: to - daySeconds, to };
}
