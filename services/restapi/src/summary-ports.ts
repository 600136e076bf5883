import type { SummaryAdjustment, SummaryDuration, SummarySum, SummaryWindow } from './domain/summaries';
import type { ReadContext } from './ports';

export type { SummaryAdjustment, SummaryDuration, SummaryPosting, SummarySum, SummaryWindow } from './domain/summaries';

/** What summaries are grouped by. */
export type SummaryGroupBy = 'cluster' | 'namespace' | 'team' | 'owner';

/** One version of the rows of a window. */
export interface SummaryVersionKey {
  readonly cloudAccountId: string;
  readonly start: number;
  readonly dataVersion: string;
  readonly rows: number;
}

/** Which summaries. */
export interface SummaryQuestion {
  readonly cloudAccountIds: readonly string[];
  readonly duration: SummaryDuration;
  readonly groupBy: SummaryGroupBy;
}

/** Summaries as the worker has stored them. The tenant is the organization. */
export interface SummariesReader {
  /** Of windows that begin in `[from, until)`, unix seconds; by account and start. */
  readWindows(
    organizationId: string,
    question: SummaryQuestion,
    of: { readonly from: number; readonly until: number } & ReadContext,
  ): Promise<readonly SummaryWindow[]>;
  /** Null when rows of a version are not all there. */
  readSums(
    organizationId: string,
    question: SummaryQuestion,
    of: { readonly versions: readonly SummaryVersionKey[] } & ReadContext,
  ): Promise<readonly SummarySum[] | null>;
  /** Of these windows. Null when rows of one are not all there. */
  readAdjustments(
    organizationId: string,
    question: SummaryQuestion,
    of: { readonly windows: readonly SummaryWindow[] } & ReadContext,
  ): Promise<readonly SummaryAdjustment[] | null>;
}
