import { renderTable } from '../table';
import type { Filled } from './fill';
import type { Answer } from './questions';

/** What a table takes on disk. */
export interface TableSize {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly parts: number;
}

/** Of sorted numbers. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function renderAnswers(answers: readonly Answer[]): string {
  const rows = answers.map(({ window, grouping, rows: count, runsMs, cpuMs }) => [
    window,
    grouping,
    String(count),
    percentile(runsMs, 0.5).toFixed(0),
    percentile(runsMs, 0.95).toFixed(0),
    cpuMs.toFixed(0),
    String(runsMs.length),
  ]);
  return renderTable([['window', 'by', 'rows', 'p50 ms', 'p95 ms', 'CPU ms', 'runs'], ...rows]);
}

export function renderSizes(tables: readonly TableSize[], podHours: (table: string) => number): string {
  const rows = tables.map(({ table, rows: count, bytes, parts }) => [
    table,
    count.toLocaleString('en'),
    (bytes / 2 ** 20).toFixed(1),
    (bytes / podHours(table)).toFixed(2),
    String(parts),
  ]);
  return renderTable([['table', 'rows', 'MiB', 'bytes per pod-hour', 'parts'], ...rows]);
}

const median = (seconds: readonly number[]): number =>
  percentile(
    seconds.toSorted((a, b) => a - b),
    0.5,
  );

export function renderFilled({ secondsPerHour, secondsPerRollup, secondsPerPeriod }: Filled): string {
  const periods = Object.entries(secondsPerPeriod)
    .filter(([, seconds]) => seconds.length > 0)
    .map(([kind, seconds]) => `a ${kind} ${median(seconds).toFixed(2)} s`);
  return [
    `median: ${(median(secondsPerHour) * 1_000).toFixed(0)} ms to make up and insert an hour, ${median(secondsPerRollup).toFixed(2)} s to sum a day by pod and by every dimension`,
    `median to sum what is read of it once more: ${periods.join(', ')}`,
  ].join('\n');
}
