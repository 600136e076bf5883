import { closableAt, hourSeconds } from '../domain/calendar';
import { roundRobin } from '../domain/round-robin';
import type { Accounts, Clock, Dispatcher, TouchedHour, TouchedHours } from '../ports';

/** What {@link planTouched} works with. */
export interface PlanTouchedPorts {
  readonly accounts: Pick<Accounts, 'list'>;
  readonly touched: TouchedHours;
  readonly dispatcher: Pick<Dispatcher, 'reaggregateHour' | 'waitingReaggregations'>;
  readonly now: Clock;
  /** How late the stores of samples take a sample. */
  readonly outOfOrderSeconds: number;
}

/** What became of the marks that were due. */
export interface TouchedPlan {
  /** Asked for now. */
  readonly asked: number;
  /** They wait for their turn: asked for before, or the queue is long enough. */
  readonly waiting: number;
  /** The hour is not closed yet; it is read when it is. */
  readonly open: number;
  /** Older than any sample that a store takes. */
  readonly tooOld: number;
  /** The account was deleted. */
  readonly gone: number;
}

const marksPerTick = 5_000;
/** The queue is kept short, so that the next tick can put a newer hour, or another account's, in front. */
const queueLength = 60;
/** A mark may have waited for its turn while its hour went out of the window. */
const graceSeconds = 3_600;

type Verdict = 'due' | 'open' | 'tooOld' | 'gone';

function verdictOf(
  { cloudAccountId, hour }: TouchedHour,
  context: { readonly known: ReadonlySet<string>; readonly nowSeconds: number; readonly outOfOrderSeconds: number },
): Verdict {
  const { known, nowSeconds, outOfOrderSeconds } = context;
  if (!known.has(cloudAccountId)) return 'gone';
  if (nowSeconds < closableAt(hour)) return 'open';
  return hour + hourSeconds < nowSeconds - outOfOrderSeconds - graceSeconds ? 'tooOld' : 'due';
}

/**
 * Asks for the hours that late samples have touched: the newest of each account first, accounts taking turns, only as many as keep the queue
 * short. Marks of which nothing is to be done are settled.
 *
 * @throws `metadata-unavailable`, `queue-unavailable`
 */
export async function planTouched(ports: PlanTouchedPorts): Promise<TouchedPlan> {
  const { accounts, touched, dispatcher, now, outOfOrderSeconds } = ports;
  const nowMs = now();
  const count = { asked: 0, waiting: 0, open: 0, tooOld: 0, gone: 0 };
  const marks = await touched.due(marksPerTick);
  if (marks.length === 0) return count;
  const known = new Set((await accounts.list()).map(({ id }) => id));
  const context = { known, nowSeconds: nowMs / 1_000, outOfOrderSeconds };

  const lists = new Map<string, TouchedHour[]>();
  for (const mark of marks) {
    const verdict = verdictOf(mark, context);
    if (verdict === 'due') {
      const list = lists.get(mark.cloudAccountId) ?? [];
      list.push(mark);
      lists.set(mark.cloudAccountId, list);
      continue;
    }
    count[verdict] += 1;
    const touch = await touched.lastTouch(mark);
    if (touch !== null) await touched.settle(mark, touch);
  }

  let room = queueLength - (await dispatcher.waitingReaggregations());
  const newestFirst = [...lists.values()].map((list) => list.toSorted((a, b) => b.hour - a.hour));
  for (const { cloudAccountId, hour } of roundRobin(newestFirst, Math.floor(nowMs / 60_000))) {
    const added = room > 0 && (await dispatcher.reaggregateHour(cloudAccountId, hour, 'touched'));
    count[added ? 'asked' : 'waiting'] += 1;
    if (added) room -= 1;
  }
  return count;
}
