import { dayOf, daySeconds, hourOf } from '../domain/calendar';
import { periodsHour, summaryQuarter } from '../domain/refresh-schedule';
import { sweepDueAt } from '../domain/sweep';
import type { Accounts, Clock, Dispatcher } from '../ports';

/** What {@link planUpkeep} works with. */
export interface PlanUpkeepPorts {
  readonly accounts: Pick<Accounts, 'list'>;
  readonly dispatcher: Pick<Dispatcher, 'cleanup' | 'sweepHours' | 'summarize' | 'sumPeriods'>;
  readonly now: Clock;
}

/** By then the hours that ended with the last one are closed, and readers of their running state are gone. */
const cleanupMinuteSeconds = 25 * 60;
const fullCleanupSeconds = 2 * 3_600;

/**
 * Asks for what is due each quarter of an hour (summaries of each account), once an hour (periods of each account, live facts) or once a day
 * (superseded versions, the sweep of each account). Asking again changes nothing, and what was missed is asked for when the worker is back.
 *
 * @throws `metadata-unavailable`, `queue-unavailable`
 */
export async function planUpkeep({ accounts, dispatcher, now }: PlanUpkeepPorts): Promise<number> {
  const nowSeconds = now() / 1_000;
  const today = dayOf(nowSeconds);
  const lastCleanup = hourOf(nowSeconds - cleanupMinuteSeconds);
  const lastFullCleanup = dayOf(lastCleanup - fullCleanupSeconds) + fullCleanupSeconds;
  let asked = 0;
  for (const hour of new Set([lastFullCleanup, lastCleanup])) asked += (await dispatcher.cleanup(hour)) ? 1 : 0;
  for (const { id } of await accounts.list()) {
    if (await dispatcher.summarize(id, summaryQuarter(id, now()))) asked += 1;
    if (await dispatcher.sumPeriods(id, periodsHour(id, now()))) asked += 1;
    for (const day of [today - daySeconds, today]) {
      if (nowSeconds >= sweepDueAt(id, day) && (await dispatcher.sweepHours(id, day))) asked += 1;
    }
  }
  return asked;
}
