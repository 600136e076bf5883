import { groupBy, rulesOfMonth, type VersionedRules } from '@cloudtuner/cost-model';
import { dayOf, daySeconds, isoOf } from '../domain/calendar';
import { openMonthState, type MonthClosing, type OpenMonthState } from '../domain/month-closing';
import { dayInputsOf, monthOf, monthText } from '../domain/summary-windows';
import type { Account, Accounts, HeldLock, Locks, Log } from '../ports';
import type { Posting, RulesReader, SummarizableDay } from '../summary-ports';
import { postMonth } from './post-month';
import { summarizeDay, type SummarizePorts } from './summarize-day';
import { summarizeMonth } from './summarize-month';

/** What {@link summarizeAccount} works with. */
export interface SummarizeAccountPorts extends SummarizePorts {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly rules: RulesReader;
  readonly locks: Locks;
  readonly log: Log;
  readonly closing: MonthClosing;
  /** How long facts are kept by hour and pod: days before that cannot be summarized again. */
  readonly retentionDays: number;
  /** Days of one account before another has its turn. */
  readonly daysPerTurn: number;
}

/** What became of windows: how many were written or posted. `left`: days that wait for the next turn. */
export interface SummarizedAccount {
  readonly written: number;
  readonly closed: number;
  readonly adjusted: number;
  readonly failed: number;
  readonly left: number;
  /** Months that are open though their closing day is over. */
  readonly openMonths: Readonly<Record<OpenMonthState, number>>;
}

/** The lock without which no summary of an account is written or removed. */
export const summariesLock = 'summaries';

const endOfTime = 4_294_967_295;

interface Plan {
  readonly account: Account;
  readonly rulesOf: (month: number) => VersionedRules;
  readonly postings: ReadonlyMap<number, readonly Posting[]>;
  /** Where days and months are looked at from, unix seconds. */
  readonly from: number;
  readonly due: readonly SummarizableDay[];
}

function byMonth(postings: readonly Posting[]): ReadonlyMap<number, readonly Posting[]> {
  const months = new Map<number, Posting[]>();
  for (const posting of postings) months.set(posting.month, [...(months.get(posting.month) ?? []), posting]);
  return months;
}

async function planOf(ports: SummarizeAccountPorts, account: Account): Promise<Plan> {
  const { summaries, rules, now, retentionDays } = ports;
  const versions = await rules.versionsOf(account.organizationId);
  const postings = byMonth(await summaries.listPostings(account.id));
  const from = dayOf(now() / 1_000) - (retentionDays - 1) * daySeconds;
  const edge = monthOf(from);
  const days = await summaries.listDays(account.id, from);
  const known = await summaries.listStates(account.id, 'day', { from: edge, until: endOfTime });
  // Its first days cannot be summarized again: all of the month keeps their rules.
  const kept = known.find(({ start }) => start < from)?.rulesVersion;
  const rulesOf = (month: number): VersionedRules =>
    month === edge && kept !== undefined
      ? rulesOfMonth(
          versions.filter(({ version }) => version <= kept),
          { month: monthText(month), closedWith: kept },
        )
      : rulesOfMonth(versions, {
          month: monthText(month),
          closedWith: postings.get(month)?.[0]?.rulesVersion ?? null,
        });
  const states = new Map(known.map((state) => [state.start, state]));
  const due = days.filter((day) => states.get(day.day)?.inputsVersion !== dayInputsOf(day, rulesOf(monthOf(day.day))));
  return { account, rulesOf, postings, from: edge, due: due.toReversed() };
}

interface Counts {
  written: number;
  closed: number;
  adjusted: number;
  failed: number;
  readonly openMonths: Record<OpenMonthState, number>;
}

/** Days that could not be summarized; one day's fault is not another's. */
async function summarizeDays(
  ports: SummarizeAccountPorts,
  { account, rulesOf }: Plan,
  {
    days,
    lock,
    counts,
  }: { readonly days: readonly SummarizableDay[]; readonly lock: HeldLock; readonly counts: Counts },
): Promise<ReadonlySet<number>> {
  const failed = new Set<number>();
  for (const { day } of days) {
    lock.signal.throwIfAborted();
    try {
      const rules = rulesOf(monthOf(day));
      counts.written += await summarizeDay(ports, { cloudAccountId: account.id, day, rules, lock });
    } catch (error) {
      lock.signal.throwIfAborted();
      failed.add(day);
      counts.failed += 1;
      ports.log.warn({ cloud_account_id: account.id, day: isoOf(day), err: error }, 'a day could not be summarized');
    }
  }
  return failed;
}

/** Months are summed only from days that are all up to date: no month is made of some days by old and some by new rules. */
async function summarizeMonths(
  ports: SummarizeAccountPorts,
  { account, rulesOf, postings, from }: Plan,
  { open, lock, counts }: { readonly open: ReadonlySet<number>; readonly lock: HeldLock; readonly counts: Counts },
): Promise<void> {
  const { summaries, closing, log, now } = ports;
  const cloudAccountId = account.id;
  const countOpen = (month: number): void => {
    const state = postings.has(month) ? null : openMonthState(month, closing, now());
    if (state !== null) counts.openMonths[state] += 1;
  };
  const states = await summaries.listStates(cloudAccountId, 'day', { from, until: endOfTime });
  const days = groupBy(states, ({ start }) => monthOf(start));
  const months = await summaries.listStates(cloudAccountId, 'month', { from, until: endOfTime });
  const waiting = new Set([...open].map(monthOf));
  for (const month of waiting) countOpen(month);
  for (const [month, daysOfMonth] of days) {
    if (waiting.has(month)) continue;
    lock.signal.throwIfAborted();
    const known = months.find(({ start }) => start === month);
    const { state, written } = await summarizeMonth(ports, {
      ...{ cloudAccountId, month, lock, days: daysOfMonth, state: known },
      rulesVersion: rulesOf(month).version,
    });
    counts.written += written;
    const posted = { cloudAccountId, createdAtMs: account.createdAt.getTime(), state, lock };
    const outcome = await postMonth(ports, { ...posted, postings: postings.get(month) ?? [] }, closing);
    if (outcome === 'nothing') {
      countOpen(month);
      continue;
    }
    counts[outcome] += 1;
    log.info({ cloud_account_id: cloudAccountId, month: monthText(month) }, `a month was ${outcome}`);
  }
}

/**
 * Brings the summaries of an account up to date: of every day whose hours, whose figures of Kubecost or whose rules are not those that it was
 * made from, then of their months, newest days first; and keeps the books of closed months. What is there says what is to be done, so it may
 * be run again, killed and come in any order.
 *
 * @throws `hour-busy` when another worker is at it, `hour-lock-lost`, `facts-incomplete`, and the errors of the ports
 */
export async function summarizeAccount(
  ports: SummarizeAccountPorts,
  request: { readonly cloudAccountId: string; readonly signal: AbortSignal },
): Promise<SummarizedAccount> {
  const account = await ports.accounts.find(request.cloudAccountId);
  const openMonths = { waiting: 0, late: 0 };
  const counts: Counts = { written: 0, closed: 0, adjusted: 0, failed: 0, openMonths };
  if (account === null) return { ...counts, left: 0 };
  return ports.locks.hold(account.id, summariesLock, request.signal, async (lock) => {
    const plan = await planOf(ports, account);
    const days = plan.due.slice(0, ports.daysPerTurn);
    const later = plan.due.slice(ports.daysPerTurn).map(({ day }) => day);
    const failed = await summarizeDays(ports, plan, { days, lock, counts });
    await summarizeMonths(ports, plan, { open: new Set([...failed, ...later]), lock, counts });
    return { ...counts, left: later.length };
  });
}
