import { createHash } from 'node:crypto';
import { assetFactLine, priceAssets, type PriceBook, type PricedAssets, type TimeWindow } from '@cloudtuner/cost-model';
import type { MetricsStore } from '../ports';

/** What a use case works with. */
export interface UseCaseContext {
  readonly store: MetricsStore;
  /** Of the tenant. */
  readonly prices: PriceBook | undefined;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  /** Told of every window that was priced. */
  readonly onPriced: (priced: Pick<PricedAssets, 'flags'>) => void;
}

/** The assets of one hour with what proves them. */
export interface AssetHour extends PricedAssets {
  readonly window: TimeWindow;
  /** The rows in wire form, newlines included. */
  readonly lines: readonly string[];
  /** Hex SHA-256 of the lines: two reads that give the same rows have the same version. */
  readonly dataVersion: string;
  /** Metrics that had samples. */
  readonly metrics: ReadonlySet<string>;
}

/** What of a window has passed: a running hour is expected up to now, and one that has not begun not at all. */
export function elapsedPart({ startMs, endMs }: TimeWindow, nowMs: number): TimeWindow {
  return { startMs, endMs: Math.max(startMs, Math.min(endMs, nowMs)) };
}

/** Prices one hour, or the part of it that has passed. */
export async function readAssets(tenantId: string, asked: TimeWindow, context: UseCaseContext): Promise<AssetHour> {
  const window = elapsedPart(asked, context.nowMs());
  const series = window.endMs > window.startMs ? await context.store.assetSeries(tenantId, window, context.signal) : [];
  const priced = priceAssets({ window, series, prices: context.prices });
  context.onPriced(priced);
  const lines = priced.assets.map(assetFactLine);
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line);
  return {
    ...priced,
    window,
    lines,
    dataVersion: hash.digest('hex'),
    metrics: new Set(series.map(({ labels }) => labels['__name__'] ?? '')),
  };
}
