const minuteMs = 60_000;
/** An account that somebody looked at so recently is refreshed each minute. */
const watchedMs = 15 * minuteMs;
/** All others take turns: one fifteenth of them each minute. */
const turns = 15;

const minutesOfHour = 60;

/** The minute of so many in which an account has its turn; the same on every worker. */
const turnOf = (cloudAccountId: string, minutes: number): number =>
  Number.parseInt(cloudAccountId.slice(0, 8), 16) % minutes;

/** Start of the last stretch of so many minutes in which the account's minute has come; unix seconds. */
function lastTurn(cloudAccountId: string, nowMs: number, minutes: number): number {
  const ownMs = nowMs - turnOf(cloudAccountId, minutes) * minuteMs;
  return (Math.floor(ownMs / (minutes * minuteMs)) * minutes * minuteMs) / 1_000;
}

/** Start of the quarter of an hour whose summary is due for an account, unix seconds: that of now from the account's minute on. */
export const summaryQuarter = (cloudAccountId: string, nowMs: number): number => lastTurn(cloudAccountId, nowMs, turns);

/** Start of the hour in which the periods of an account are due to be summed, unix seconds: this one from the account's minute on. */
export const periodsHour = (cloudAccountId: string, nowMs: number): number =>
  lastTurn(cloudAccountId, nowMs, minutesOfHour);

/** Whether the running hour of an account is read again in this minute. */
export function isRefreshDue(
  account: { readonly id: string; readonly lastReadAt: Date | null },
  nowMs: number,
): boolean {
  const { lastReadAt } = account;
  if (lastReadAt !== null && nowMs - lastReadAt.getTime() < watchedMs) return true;
  return Math.floor(nowMs / minuteMs) % turns === turnOf(account.id, turns);
}
