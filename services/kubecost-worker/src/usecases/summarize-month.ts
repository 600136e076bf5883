import { AppError } from '@cloudtuner/errors';
import { longerSummary, monthInputsOf } from '../domain/summary-windows';
import type { HeldLock } from '../ports';
import type { SummaryState } from '../summary-ports';
import { storeSummaries } from './store-summaries';
import type { SummarizePorts } from './summarize-day';

/** What is true of a month and of its days. */
export interface MonthToSummarize {
  readonly cloudAccountId: string;
  /** Its start, unix seconds. */
  readonly month: number;
  /** In order. */
  readonly days: readonly SummaryState[];
  /** Undefined before it is summarized for the first time. */
  readonly state: SummaryState | undefined;
  readonly rulesVersion: number;
  readonly lock: HeldLock;
}

/** Summarizes a month from its days. Nothing is read or written when these are the days that it was made from. */
export async function summarizeMonth(
  { summaries, now }: SummarizePorts,
  { cloudAccountId, month, days, state, rulesVersion, lock }: MonthToSummarize,
): Promise<{ readonly state: SummaryState; readonly written: number }> {
  const inputsVersion = monthInputsOf(days);
  if (state?.inputsVersion === inputsVersion && state.rulesVersion === rulesVersion) return { state, written: 0 };
  const rows = await summaries.readRows(cloudAccountId, days);
  if (rows === null) throw new AppError('facts-incomplete', 'The summaries of the days of a month are not all there.');
  const parts = days.map((day, index) => ({ ...day, summaryRows: rows[index] ?? [] }));
  const wanted = longerSummary({ duration: 'month', start: month }, parts, {
    ...{ inputsVersion, rulesVersion, writtenAtMs: now() },
  });
  const current = state === undefined ? [] : [state];
  const written = await storeSummaries(summaries, { cloudAccountId, lock }, { current, wanted: [wanted] });
  return { state: wanted, written };
}
