import type { SummaryRow } from '@cloudtuner/cost-model';

/** Lengths of the windows that are summarized. */
export const summaryDurations = ['hour', 'day', 'month'] as const;

export type SummaryDuration = (typeof summaryDurations)[number];

/** Names one immutable set of summary rows. */
export interface SummaryVersion {
  readonly duration: SummaryDuration;
  /** Of the window, unix seconds. */
  readonly start: number;
  readonly dataVersion: string;
}

/** Which version of a window is true now. */
export interface SummaryState extends SummaryVersion {
  /** Of what and by which rules it was made. */
  readonly inputsVersion: string;
  readonly rulesVersion: number;
  readonly writtenAtMs: number;
  readonly rows: number;
  readonly totalNanos: bigint;
  readonly metricsTotalNanos: bigint;
  /** Hours that are in it, and those of them for which there are figures of Kubecost. */
  readonly closedHours: number;
  readonly apiHours: number;
  /** How long its closed hours were measured, and how long they last. */
  readonly measuredSeconds: number;
  readonly expectedSeconds: number;
}

/** A window with its rows. */
export interface Summary extends SummaryState {
  readonly summaryRows: readonly SummaryRow[];
}

/** What there is of a day. */
export interface SummarizableDay {
  /** Its start, unix seconds. */
  readonly day: number;
  readonly closedHours: number;
  /** SHA-256 over its closed hours, with how long they were measured and what Kubecost said of them. */
  readonly hoursVersion: string;
}

/** What a closed hour is made from. */
export interface HourInputs {
  readonly hour: number;
  readonly dataVersion: string;
  /** Null: it was stored without pods. */
  readonly rows: number | null;
  readonly assetRows: number;
  /** Whole seconds: how long it was measured, and how long it lasts. */
  readonly measuredSeconds: number;
  readonly expectedSeconds: number;
  /** The last that Kubecost said of it; null: nothing. */
  readonly said: { readonly dataVersion: string; readonly rows: number } | null;
}
