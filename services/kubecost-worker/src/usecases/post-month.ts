import { randomUUID } from 'node:crypto';
import { changesBetween, sumNanos, wholeCoverage, type SummaryChange } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { dayOf, hourSeconds } from '../domain/calendar';
import { closableFrom, monthRestSeconds, type MonthClosing } from '../domain/month-closing';
import { nextMonth } from '../domain/summary-windows';
import type { HeldLock } from '../ports';
import type { Posting, SummaryState, SummaryStore } from '../summary-ports';
import type { SummarizePorts } from './summarize-day';

/** A closed month that is changed hour by hour is adjusted once, when that is over. */
const adjustmentRestSeconds = hourSeconds;
const writeAttempts = 3;

/** What is known of a month. */
export interface MonthToPost {
  readonly cloudAccountId: string;
  readonly createdAtMs: number;
  readonly state: SummaryState;
  /** Its postings so far, in order. */
  readonly postings: readonly Posting[];
  readonly lock: HeldLock;
}

const restsFor = ({ writtenAtMs }: SummaryState, seconds: number, nowMs: number): boolean =>
  nowMs - writtenAtMs >= seconds * 1_000;

/** Whether a month may be closed: it is over for long enough, nothing of it is missing that may still come, and it rests. */
function isClosable(
  { createdAtMs, state }: Pick<MonthToPost, 'createdAtMs' | 'state'>,
  closing: MonthClosing,
  nowMs: number,
): boolean {
  const end = nextMonth(state.start);
  const nowSeconds = nowMs / 1_000;
  const { whole, incomplete } = closableFrom(state.start, closing);
  const begin = Math.min(end, Math.max(state.start, dayOf(createdAtMs / 1_000)));
  const isMeasured = state.measuredSeconds >= wholeCoverage * state.expectedSeconds;
  const isWhole = isMeasured && state.closedHours >= (end - begin) / hourSeconds;
  const rests = restsFor(state, monthRestSeconds, nowMs);
  return nowSeconds >= whole && rests && (isWhole || nowSeconds >= incomplete);
}

async function ensureAdjustments(
  store: SummaryStore,
  cloudAccountId: string,
  { posting, changes }: { readonly posting: Posting; readonly changes: readonly SummaryChange[] },
): Promise<void> {
  const token = [cloudAccountId, posting.month, posting.sequence, posting.fromVersion, posting.dataVersion].join('|');
  for (let attempt = 1; ; attempt += 1) {
    const found = await store.countAdjustments(cloudAccountId, posting);
    if (found === changes.length) return;
    if (attempt > writeAttempts) break;
    if (found > 0) await store.removeAdjustments(cloudAccountId, posting);
    const isFirst = attempt === 1 && found === 0;
    const ofAttempt = isFirst ? token : `${token}|${randomUUID()}`;
    await store.insertAdjustments(cloudAccountId, { posting, changes, token: ofAttempt });
  }
  throw new AppError('facts-incomplete', 'ClickHouse does not hold the adjustments that were written.');
}

async function adjust({ summaries, now }: SummarizePorts, of: MonthToPost, last: Posting): Promise<void> {
  const { cloudAccountId, state, lock } = of;
  const published = { duration: 'month', start: last.month, dataVersion: last.dataVersion, rows: last.rows } as const;
  const read = await summaries.readRows(cloudAccountId, [published, state]);
  if (read === null) throw new AppError('facts-incomplete', 'The rows of a closed month are not all there.');
  const [before = [], after = []] = read;
  const changes = changesBetween(before, after);
  const posting: Posting = {
    month: state.start,
    sequence: last.sequence + 1,
    dataVersion: state.dataVersion,
    fromVersion: last.dataVersion,
    reason: state.rulesVersion === last.rulesVersion ? 'data' : 'rules',
    rulesVersion: state.rulesVersion,
    postedAtMs: Math.max(now(), last.postedAtMs + 1),
    rows: state.rows,
    adjustmentRows: changes.length,
    totalNanos: sumNanos(changes.map(({ totalCost }) => totalCost)),
  };
  await ensureAdjustments(summaries, cloudAccountId, { posting, changes });
  await lock.assertHeld();
  await summaries.putPosting(cloudAccountId, posting);
}

/**
 * Keeps the books of a month: closes it when it may be, and writes what has changed since it was published as an adjustment, an hour after the last change. What was posted is
 * never changed: the closed figures and all adjustments add up to what is true now.
 */
export async function postMonth(
  ports: SummarizePorts,
  of: MonthToPost,
  closing: MonthClosing,
): Promise<'closed' | 'adjusted' | 'nothing'> {
  const { cloudAccountId, state, postings, lock } = of;
  const last = postings.at(-1);
  if (last !== undefined) {
    if (last.dataVersion === state.dataVersion) return 'nothing';
    if (!restsFor(state, adjustmentRestSeconds, ports.now())) return 'nothing';
    await adjust(ports, of, last);
    return 'adjusted';
  }
  if (!isClosable(of, closing, ports.now())) return 'nothing';
  await lock.assertHeld();
  await ports.summaries.putPosting(cloudAccountId, {
    ...{ month: state.start, sequence: 0, dataVersion: state.dataVersion, fromVersion: '', reason: 'closed' },
    ...{ rulesVersion: state.rulesVersion, rows: state.rows, adjustmentRows: 0, totalNanos: state.totalNanos },
    postedAtMs: ports.now(),
  });
  return 'closed';
}
