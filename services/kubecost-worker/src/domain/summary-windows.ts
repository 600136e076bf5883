import { createHash } from 'node:crypto';
import {
  accumulateSummaries,
  sumNanos,
  summaryLines,
  type SummaryRow,
  type VersionedRules,
} from '@cloudtuner/cost-model';
import type { HourInputs, SummarizableDay, Summary, SummaryDuration, SummaryState } from './summaries';

/** Counts changes of how summaries are computed: with another number everything is computed again. */
const computation = 1;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Start of the month that a moment lies in; unix seconds. */
export function monthOf(seconds: number): number {
  const date = new Date(seconds * 1_000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) / 1_000;
}

/** Start of the month after the one that begins then. */
export function nextMonth(month: number): number {
  const date = new Date(month * 1_000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) / 1_000;
}

/** `2026-03` */
export const monthText = (month: number): string => new Date(month * 1_000).toISOString().slice(0, 7);

const inputsOf = (version: string, { version: rules }: VersionedRules): string =>
  sha256(`${String(computation)} ${String(rules)} ${version}`);

/** From what the summaries of a day are to be made. */
export const dayInputsOf = ({ hoursVersion }: Pick<SummarizableDay, 'hoursVersion'>, rules: VersionedRules): string =>
  inputsOf(hoursVersion, rules);

const hourText = ({ dataVersion, measuredSeconds, expectedSeconds, said }: HourInputs): string =>
  `${dataVersion} ${String(measuredSeconds)} ${String(expectedSeconds)} ${said?.dataVersion ?? ''}`;

/** The same of an hour. */
export const hourInputsOf = (hour: HourInputs, rules: VersionedRules): string => inputsOf(hourText(hour), rules);

/** What is counted of a window beside its costs. */
type WindowCounts = Pick<SummaryState, (typeof counted)[number]>;

const counted = ['closedHours', 'apiHours', 'measuredSeconds', 'expectedSeconds'] as const;

/** The same of a month: its days, in order. An hour in which nothing cost anything changes what is counted, and no cost. */
export const monthInputsOf = (days: readonly (Pick<SummaryState, 'start' | 'dataVersion'> & WindowCounts)[]): string =>
  sha256(
    days
      .map((day) => [day.start, day.dataVersion, ...counted.map((name) => day[name])].join(' '))
      .map((line) => `${line}\n`)
      .join(''),
  );

/** A version of {@link SummarizableDay.hoursVersion}: one line for each hour, in order. */
export const hoursVersionOf = (hours: readonly HourInputs[]): string =>
  sha256(hours.map((hour) => `${String(hour.hour)} ${hourText(hour)}\n`).join(''));

type MadeFrom = Pick<SummaryState, 'inputsVersion' | 'rulesVersion'>;

/** A window with these rows. */
export function summaryOf(
  window: { readonly duration: SummaryDuration; readonly start: number },
  rows: readonly SummaryRow[],
  made: MadeFrom & WindowCounts & { readonly writtenAtMs: number },
): Summary {
  return {
    ...window,
    ...made,
    dataVersion: sha256(summaryLines(rows)),
    rows: rows.length,
    totalNanos: sumNanos(rows.map(({ totalCost }) => totalCost)),
    metricsTotalNanos: sumNanos(rows.map(({ metricsTotalCost }) => metricsTotalCost)),
    summaryRows: rows,
  };
}

/** A longer window from shorter ones, in the order of time. */
export function longerSummary(
  window: { readonly duration: SummaryDuration; readonly start: number },
  parts: readonly (WindowCounts & Pick<Summary, 'summaryRows'>)[],
  made: MadeFrom & { readonly writtenAtMs: number },
): Summary {
  const count = (of: keyof WindowCounts): number => parts.reduce((sum, part) => sum + part[of], 0);
  return summaryOf(window, accumulateSummaries(parts.map(({ summaryRows }) => summaryRows)), {
    ...made,
    closedHours: count('closedHours'),
    apiHours: count('apiHours'),
    measuredSeconds: count('measuredSeconds'),
    expectedSeconds: count('expectedSeconds'),
  });
}

/** Whether what is stored says the same of a window; when it was written does not matter. */
export const saysTheSame = (a: SummaryState | undefined, b: SummaryState): boolean =>
  a !== undefined &&
  a.dataVersion === b.dataVersion &&
  a.inputsVersion === b.inputsVersion &&
  a.rulesVersion === b.rulesVersion &&
  counted.every((name) => a[name] === b[name]);
