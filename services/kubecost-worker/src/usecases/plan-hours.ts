import { closableAt, dayOf, daySeconds } from '../domain/calendar';
import { dueWorkOf, planFrom } from '../domain/due-work';
import { isRefreshDue } from '../domain/refresh-schedule';
import { roundRobin } from '../domain/round-robin';
import type { Account, Accounts, Clock, Dispatcher, PlanStore } from '../ports';

/** What {@link planHours} works with. */
export interface PlanHoursPorts {
  readonly accounts: Accounts;
  readonly store: PlanStore;
  readonly dispatcher: Pick<Dispatcher, 'refreshLiveHour' | 'closeHour' | 'closeDay'>;
  readonly now: Clock;
  /** How far back an hour that is not closed is looked for. */
  readonly lookbackHours: number;
  /** Jobs that one tick asks for at most; refreshes of running hours come on top. */
  readonly maxJobs: number;
  /** How long hours are kept: days before that cannot be summed again. */
  readonly retentionDays: number;
}

/** What a tick did and saw. */
export interface Plan {
  readonly accounts: number;
  readonly refreshes: number;
  readonly hours: number;
  readonly days: number;
  /** How long the oldest hour that is not closed could have been closed by now; 0 when there is none. */
  readonly oldestDueHourAgeSeconds: number;
}

type Step = { readonly kind: 'hour' | 'day'; readonly accountId: string; readonly start: number };

/** Accounts whose states are read in one query. */
const accountsPerQuery = 200;

async function stepsOf(
  ports: PlanHoursPorts,
  accounts: readonly Account[],
  nowMs: number,
): Promise<readonly (readonly Step[])[]> {
  const from = (account: Account): number => planFrom(account.createdAt.getTime(), nowMs, ports.lookbackHours);
  const lists: Step[][] = [];
  for (let start = 0; start < accounts.length; start += accountsPerQuery) {
    const chunk = accounts.slice(start, start + accountsPerQuery);
    const states = await ports.store.readDays(
      chunk.map(({ id }) => id),
      Math.min(...chunk.map(from)),
    );
    const otherKeys = await ports.store.readDaysOfOtherKeys(
      chunk,
      dayOf(nowMs / 1_000) - (ports.retentionDays - 1) * daySeconds,
      ports.maxJobs,
    );
    for (const account of chunk) {
      const { hours, days } = dueWorkOf(states.get(account.id) ?? [], from(account), nowMs);
      lists.push([
        ...days.map((day): Step => ({ kind: 'day', accountId: account.id, start: day })),
        ...hours.map((hour): Step => ({ kind: 'hour', accountId: account.id, start: hour })),
        ...(otherKeys.get(account.id) ?? []).map((day): Step => ({ kind: 'day', accountId: account.id, start: day })),
      ]);
    }
  }
  return lists;
}

/**
 * One tick of the dispatcher: asks for what is due, taking turns between accounts, so that one with many due hours does not hold up the
 * others. Asking again for what waits or runs already changes nothing, so ticks may be missed, doubled or cut off.
 *
 * @throws `metadata-unavailable`, `clickhouse-unavailable`, `queue-unavailable`
 */
export async function planHours(ports: PlanHoursPorts): Promise<Plan> {
  const { accounts: source, dispatcher, now, maxJobs } = ports;
  const nowMs = now();
  const accounts = await source.list();
  const count = { refreshes: 0, hours: 0, days: 0 };
  for (const account of accounts) {
    if (isRefreshDue(account, nowMs) && (await dispatcher.refreshLiveHour(account.id))) count.refreshes += 1;
  }
  const lists = await stepsOf(ports, accounts, nowMs);
  let asked = 0;
  for (const step of roundRobin(lists, Math.floor(nowMs / 60_000))) {
    // Also what waits already counts: a dispatcher that runs ahead of its workers only makes the queue longer.
    if (asked >= maxJobs) break;
    asked += 1;
    if (step.kind === 'day') count.days += (await dispatcher.closeDay(step.accountId, step.start)) ? 1 : 0;
    else count.hours += (await dispatcher.closeHour(step.accountId, step.start)) ? 1 : 0;
  }
  const dueHours = lists.flat().filter(({ kind }) => kind === 'hour');
  const oldest = dueHours.reduce((least, { start }) => Math.min(least, start), Number.POSITIVE_INFINITY);
  const oldestDueHourAgeSeconds = dueHours.length === 0 ? 0 : Math.round(nowMs / 1_000 - closableAt(oldest));
  return { accounts: accounts.length, ...count, oldestDueHourAgeSeconds };
}
