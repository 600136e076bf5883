const minuteMs = 60_000;
/** An account that somebody looked at so recently is refreshed each minute. */
const watchedMs = 15 * minuteMs;
/** All others take turns: one fifteenth of them each minute. */
const turns = 15;

/** The minute of the quarter in which an account that nobody watches has its turn; the same on every worker. */
const turnOf = (cloudAccountId: string): number => Number.parseInt(cloudAccountId.slice(0, 8), 16) % turns;

/** Start of the quarter of an hour whose summary is due for an account, unix seconds: that of now from the account's minute on. */
export function summaryQuarter(cloudAccountId: string, nowMs: number): number {
  const ownMs = nowMs - turnOf(cloudAccountId) * minuteMs;
  return (Math.floor(ownMs / (turns * minuteMs)) * turns * minuteMs) / 1_000;
}

/** Whether the running hour of an account is read again in this minute. */
export function isRefreshDue(
  account: { readonly id: string; readonly lastReadAt: Date | null },
  nowMs: number,
): boolean {
  const { lastReadAt } = account;
  if (lastReadAt !== null && nowMs - lastReadAt.getTime() < watchedMs) return true;
  return Math.floor(nowMs / minuteMs) % turns === turnOf(account.id);
}
