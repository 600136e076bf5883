import { msPerHour, readKubecostHours, type Series, type TimeWindow } from '@cloudtuner/cost-model';
import { kubecostFigureOf, type KubecostFigure } from '@cloudtuner/metroculus-client';
import type { MetricsStore } from '../ports';

/** What a use case works with. */
export interface StatementContext {
  readonly store: Pick<MetricsStore, 'statementSeries' | 'figureSeries'>;
  readonly signal: AbortSignal;
}

/** A closed hour, and when its figures were scraped, latest first. */
export interface Statement {
  readonly hourStartMs: number;
  readonly saidAtMs: readonly number[];
}

// One is enough unless it is not whole.
const maxScrapes = 5;

function scrapesByHour(series: readonly Series[]): Map<number, Set<number>> {
  const hours = new Map<number, Set<number>>();
  for (const { timestampsMs, values } of series) {
    timestampsMs.forEach((saidAtMs, index) => {
      const hourStartMs = (values[index] ?? Number.NaN) * 1000;
      if (!Number.isSafeInteger(hourStartMs) || hourStartMs < 0 || hourStartMs % msPerHour !== 0) return;
      const scrapes = hours.get(hourStartMs) ?? new Set();
      hours.set(hourStartMs, scrapes.add(saidAtMs));
    });
  }
  return hours;
}

/** The closed hours whose figures were scraped in a window, in order. */
export async function readStatements(
  tenantId: string,
  window: TimeWindow,
  { store, signal }: StatementContext,
): Promise<readonly Statement[]> {
  if (window.endMs <= window.startMs) return [];
  const hours = scrapesByHour(await store.statementSeries(tenantId, window, signal));
  return [...hours]
    .map(([hourStartMs, scrapes]) => ({
      hourStartMs,
      saidAtMs: [...scrapes].sort((left, right) => right - left).slice(0, maxScrapes),
    }))
    .sort((left, right) => left.hourStartMs - right.hourStartMs);
}

const exactly = (series: Series, timestampMs: number): Series => {
  const index = series.timestampsMs.indexOf(timestampMs);
  const value = series.values[index];
  return value === undefined
    ? { ...series, timestampsMs: [], values: [] }
    : { ...series, timestampsMs: [timestampMs], values: [value] };
};

/** What Kubecost said of an hour in one scrape; null when the scrape is not whole, or of another hour. */
export async function readFigures(
  tenantId: string,
  { hourStartMs, saidAtMs }: { readonly hourStartMs: number; readonly saidAtMs: number },
  { store, signal }: StatementContext,
): Promise<readonly KubecostFigure[] | null> {
  const series = await store.figureSeries(tenantId, saidAtMs, signal);
  const hours = readKubecostHours(series.map((one) => exactly(one, saidAtMs)));
  return hours.find(({ startMs }) => startMs === hourStartMs)?.rows.map(kubecostFigureOf) ?? null;
}
