import type { SaidCosts, SummaryChange, SummaryFacts, SummaryRow, VersionedRules } from '@cloudtuner/cost-model';
import type {
  HourInputs,
  SummarizableDay,
  Summary,
  SummaryDuration,
  SummaryState,
  SummaryVersion,
} from './domain/summaries';

export { summaryDurations } from './domain/summaries';
export type { HourInputs, SummarizableDay, Summary, SummaryState, SummaryVersion } from './domain/summaries';

/** What an hour cost, told apart by all that rules look at. */
export interface HourCosts {
  readonly hour: number;
  readonly facts: readonly SummaryFacts[];
  /** Null: Kubecost has not spoken of the hour, or knows only a part of it: of our pods' minutes less than `wholeCoverage`. */
  readonly said: readonly SaidCosts[] | null;
}

/** What rules look at. */
export interface SummaryGrouping {
  readonly labelKeys: readonly string[];
  readonly withControllers: boolean;
}

/** `closed` is the first posting of a month; later ones say why it was changed. */
export const postingReasons = ['closed', 'data', 'rules'] as const;

export type PostingReason = (typeof postingReasons)[number];

/** An entry in the books of a closed month. */
export interface Posting {
  /** Start of the month, unix seconds. */
  readonly month: number;
  /** 0 closes the month. */
  readonly sequence: number;
  /** The version that is published from then on. */
  readonly dataVersion: string;
  /** The version that was published before; empty for the first. */
  readonly fromVersion: string;
  readonly reason: PostingReason;
  readonly rulesVersion: number;
  readonly postedAtMs: number;
  /** Of the version. */
  readonly rows: number;
  /** Of the adjustment that leads to it; 0 for the first. */
  readonly adjustmentRows: number;
  /** Of the closed month, or of its adjustment. */
  readonly totalNanos: bigint;
}

/** What is stored of summaries. */
export interface SummaryStore {
  /** Days from `from` (unix seconds) on that have a closed hour, in order. */
  listDays(cloudAccountId: string, from: number): Promise<readonly SummarizableDay[]>;
  /** What is true of windows of this length that begin in `[from, until)`, in order. */
  listStates(
    cloudAccountId: string,
    duration: SummaryDuration,
    window: { readonly from: number; readonly until: number },
  ): Promise<readonly SummaryState[]>;
  /** The closed hours of a day, in order. */
  listHours(cloudAccountId: string, day: number): Promise<readonly HourInputs[]>;
  /** Costs of these hours, in their order; null when rows of a version are not all there. */
  readHours(
    cloudAccountId: string,
    hours: readonly HourInputs[],
    grouping: SummaryGrouping,
    signal: AbortSignal,
  ): Promise<readonly HourCosts[] | null>;
  /** Rows of versions, in the order of the versions; null when they are not all there. */
  readRows(
    cloudAccountId: string,
    versions: readonly (SummaryVersion & Pick<SummaryState, 'rows'>)[],
  ): Promise<readonly (readonly SummaryRow[])[] | null>;
  /** How many rows each version has, in the order of the versions. */
  countRows(cloudAccountId: string, versions: readonly SummaryVersion[]): Promise<readonly number[]>;
  /** Rows of windows of one month, as one block; a second one with the same token is dropped. */
  insertRows(cloudAccountId: string, summaries: readonly Summary[], token: string): Promise<void>;
  removeRows(cloudAccountId: string, versions: readonly SummaryVersion[]): Promise<void>;
  /** Makes these versions of windows of one month true, all at once. */
  putStates(cloudAccountId: string, states: readonly SummaryState[]): Promise<void>;
  /** The books of all closed months; by month and sequence. */
  listPostings(cloudAccountId: string): Promise<readonly Posting[]>;
  countAdjustments(cloudAccountId: string, posting: Posting): Promise<number>;
  insertAdjustments(
    cloudAccountId: string,
    adjustment: { readonly posting: Posting; readonly changes: readonly SummaryChange[]; readonly token: string },
  ): Promise<void>;
  removeAdjustments(cloudAccountId: string, posting: Posting): Promise<void>;
  /** The first posting of a sequence counts. */
  putPosting(cloudAccountId: string, posting: Posting): Promise<void>;
  /** By how many seconds the newest hour that is summarized is behind the newest closed one, of the account that is the latest. */
  secondsBehind(cloudAccountIds: readonly string[], sinceSeconds: number): Promise<number>;
}

/** The rules of organizations. @throws `metadata-unavailable` */
export interface RulesReader {
  /** All versions that there are. */
  versionsOf(organizationId: string): Promise<readonly VersionedRules[]>;
}
