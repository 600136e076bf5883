import type { AssetSeries, Series, TimeWindow } from '@cloudtuner/cost-model';
import type { WorkloadUsage } from './domain/workload-usage';

/** The metrics of all accounts. Every read is of one tenant, and rejects when the store cannot answer in full. */
export interface MetricsStore {
  /** Samples that the assets of a window are priced from, with those of the 5 minutes before and after it. */
  assetSeries(tenantId: string, window: TimeWindow, signal: AbortSignal): Promise<AssetSeries>;
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
