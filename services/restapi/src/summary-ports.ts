import type { SummaryRow } from '@cloudtuner/cost-model';
import type { ReadContext } from './ports';

/** Lengths of windows. */
export type SummaryDuration = 'hour' | 'day' | 'month';

/** What summaries are grouped by. */
export type SummaryGroupBy = 'cluster' | 'namespace' | 'team' | 'owner';

/** An entry in the books of a closed month. */
export interface SummaryPosting {
  /** 0 closes the month. */
  readonly sequence: number;
  readonly reason: string;
  /** The version that is published from then on. */
  readonly dataVersion: string;
  readonly rulesVersion: number;
  readonly postedAtMs: number;
  readonly rows: number;
  readonly adjustmentRows: number;
}

/** What there is of a window of a cluster: the last that was published of a closed month, else what is true now. */
export interface SummaryWindow {
  readonly cloudAccountId: string;
  /** Its start, unix seconds. */
  readonly start: number;
  readonly dataVersion: string;
  readonly rulesVersion: number;
  readonly rows: number;
  readonly closedHours: number;
  readonly apiHours: number;
  /** In order; empty while the books are open. */
  readonly postings: readonly SummaryPosting[];
}

/** One version of the rows of a window. */
export interface SummaryVersionKey {
  readonly cloudAccountId: string;
  readonly start: number;
  readonly dataVersion: string;
  readonly rows: number;
}

/** What is summed of a window by a name. */
export interface SummarySum extends Pick<
  SummaryRow,
  'costs' | 'sharedCost' | 'totalCost' | 'metricsTotalCost' | 'differenceCost' | 'quantities' | 'source'
> {
  readonly cloudAccountId: string;
  readonly start: number;
  readonly dataVersion: string;
  readonly name: string;
}

/** What an adjustment of a closed month changes for a name. */
export interface SummaryAdjustment {
  readonly cloudAccountId: string;
  readonly start: number;
  readonly sequence: number;
  readonly name: string;
  readonly totalCost: bigint;
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
