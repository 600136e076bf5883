import type { SummaryRow } from '@cloudtuner/cost-model';

/** Lengths of windows. */
export type SummaryDuration = 'hour' | 'day' | 'month';

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
  /** How long its closed hours were measured, and how long they last. */
  readonly measuredSeconds: number;
  readonly expectedSeconds: number;
  /** In order; empty while the books are open. */
  readonly postings: readonly SummaryPosting[];
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
