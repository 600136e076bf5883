import type { Nanos } from '@cloudtuner/cost-model';

/** Of cores or bytes over a window; null: not known. */
export interface ResourceLevels {
  readonly requested: number | null;
  readonly limit: number | null;
  readonly usedAvg: number | null;
  /** 95th percentile over time. */
  readonly usedP95: number | null;
  readonly usedMax: number | null;
}

/** How a namespace, or a workload of one, used what it was given. */
export interface UsageLevels {
  readonly namespace: string;
  /** Null for a whole namespace, and for pods without a known owner. */
  readonly controllerKind: string | null;
  readonly controller: string | null;
  /** Mean number of pods; null for a whole namespace. */
  readonly pods: number | null;
  readonly cpu: ResourceLevels;
  readonly ram: ResourceLevels;
}

/** One bound of a ResourceQuota, as last seen. */
export interface QuotaLevel {
  readonly namespace: string;
  readonly quota: string;
  readonly resource: string;
  readonly hard: number | null;
  readonly used: number | null;
}

/** How much of a window the store of metrics knows, and how fresh that is. */
export interface UsageEvidence {
  readonly coverage: number;
  readonly lastSampleMs: number | null;
}

/** Usage of a window. */
export interface Usage extends UsageEvidence {
  readonly levels: readonly UsageLevels[];
  readonly quotas: readonly QuotaLevel[];
}

/** What can be charted. */
export type ChartMetric = 'cpu' | 'memory' | 'network' | 'storage';

/** One line of a chart. */
export interface ChartLine {
  readonly name: string;
  readonly method: 'recorded' | 'derived';
  readonly metrics: readonly string[];
  readonly points: readonly (readonly [timestampSeconds: number, value: number])[];
}

/** How a cluster was used over time. */
export interface Chart extends UsageEvidence {
  readonly unit: 'cores' | 'bytes' | 'bytes_per_second';
  readonly stepSeconds: number;
  readonly lines: readonly ChartLine[];
}

/** What one resource of a container was given, used and needs, per pod. */
export interface Sizing {
  readonly requested: number | null;
  readonly usedP95: number | null;
  readonly usedMax: number | null;
  readonly recommended: number | null;
  readonly monthlySaving: Nanos | null;
}

/** The container of a workload that a recommendation is about. */
export interface SizedContainer {
  readonly namespace: string;
  readonly controllerKind: string | null;
  readonly controller: string;
  readonly container: string;
  readonly replicas: number | null;
}

/** What is known of one resource of one container. */
export type ContainerSizing = SizedContainer & { readonly sizing: Sizing };

/** What workloads could request instead. */
export interface Savings {
  readonly coverage: number;
  readonly cpu: readonly ContainerSizing[];
  readonly memory: readonly ContainerSizing[];
  readonly cpuCoreHourPrice: Nanos | null;
  readonly ramGibHourPrice: Nanos | null;
}
