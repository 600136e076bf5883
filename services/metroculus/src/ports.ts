import type { AssetSeries, PriceBook, Series, TimeWindow } from '@cloudtuner/cost-model';
import type { UsageReading, UtilizationReading } from './domain/usage-reading';
import type { WorkloadUsage } from './domain/workload-usage';

/** The series of one pod name, or of none. */
export type PodSeriesByName = ReadonlyMap<string, readonly Series[]>;

/** The pods of one cluster that may have samples in a window. */
export interface PodReader {
  /** Sorted, each once. */
  readonly names: readonly string[];
  /**
   * All series of these pods.
   *
   * @throws AppError `metrics-query-too-large` when they are more than one answer holds.
   */
  series(names: readonly string[], signal: AbortSignal): Promise<PodSeriesByName>;
  /** Series that are of pods but do not name one. */
  strays(signal: AbortSignal): Promise<readonly Series[]>;
}

/** The metrics of all accounts. Every read is of one tenant, and rejects when the store cannot answer in full. */
export interface MetricsStore {
  /** Samples that the assets of a window are priced from, with those of the 5 minutes before and after it. */
  assetSeries(tenantId: string, window: TimeWindow, signal: AbortSignal): Promise<AssetSeries>;
  /** Samples of everything but pods that allocations of a window are made of, with those of 5 minutes around it. */
  clusterSeries(tenantId: string, window: TimeWindow, signal: AbortSignal): Promise<AssetSeries>;
  /** The pods of a window, whose samples are read some at a time. */
  pods(tenantId: string, window: TimeWindow, signal: AbortSignal): Promise<PodReader>;
  /** What claims of volumes ask for: only OpenCost's arithmetic needs it. */
  claimSeries(tenantId: string, window: TimeWindow, signal: AbortSignal): Promise<AssetSeries>;
  /** The last samples in a window of what describes a cluster. */
  descriptionSeries(tenantId: string, window: TimeWindow, signal: AbortSignal): Promise<readonly Series[]>;
  /** Which closed hour Kubecost's exporter showed, at each scrape of a window. */
  statementSeries(tenantId: string, window: TimeWindow, signal: AbortSignal): Promise<readonly Series[]>;
  /** All that Kubecost's exporter showed of a closed hour in the scrape of that moment. */
  figureSeries(tenantId: string, saidAtMs: number, signal: AbortSignal): Promise<readonly Series[]>;
  /** Series at every step of the window: those named, or all that tell of costs. */
  metricSeries(
    tenantId: string,
    request: { readonly window: TimeWindow; readonly stepMs: number; readonly metrics?: readonly string[] },
    signal: AbortSignal,
  ): Promise<readonly Series[]>;
  workloadUsage(tenantId: string, window: TimeWindow, signal: AbortSignal): Promise<WorkloadUsage>;
  /** Resolves when series can be read. */
  ping(signal: AbortSignal): Promise<void>;
}

/** Prices of accounts that stand above or beside those of their exporters. */
export interface PriceBooks {
  /** Undefined: the account has none. @throws AppError `metadata-unavailable`: an hour at the wrong price is worse than none */
  find(tenantId: string): Promise<PriceBook | undefined>;
}

/** How clusters are used. Every read is of one tenant, and rejects when the store cannot answer in full. */
export interface UsageStore {
  /** The lines of a chart at every step of the window. */
  utilization(
    tenantId: string,
    request: {
      readonly window: TimeWindow;
      readonly stepMs: number;
      readonly metric: 'cpu' | 'memory' | 'network' | 'storage';
    },
    signal: AbortSignal,
  ): Promise<UtilizationReading>;
  /** What namespaces used at every step of the window; of one that is named, what its pods used. */
  usage(
    tenantId: string,
    request: { readonly window: TimeWindow; readonly stepMs: number; readonly namespace?: string },
    signal: AbortSignal,
  ): Promise<UsageReading>;
}
