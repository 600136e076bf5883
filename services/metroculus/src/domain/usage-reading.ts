import type { Series } from '@cloudtuner/cost-model';
import type { LabelledValue } from './workload-usage';

/** What containers requested, were limited to and used: values at the steps of a window. */
export interface UsageReading {
  /** Totals of a namespace, or of a pod; cores and bytes, told apart by the label `resource`. */
  readonly requests: readonly Series[];
  readonly limits: readonly Series[];
  /** Cores. */
  readonly cpu: readonly Series[];
  /** Bytes. */
  readonly memory: readonly Series[];
  /** Bounds with `resourcequota`, `resource` and `type`, as last seen. */
  readonly quotas: readonly LabelledValue[];
  readonly podOwners: readonly LabelledValue[];
  readonly replicaSetOwners: readonly LabelledValue[];
  readonly lastSampleMs: number | null;
}

/** One line of a chart. */
export interface UtilizationLine {
  readonly name: string;
  readonly method: 'recorded' | 'derived';
  readonly metrics: readonly string[];
  /** Unset when nothing was measured. */
  readonly series?: Series;
}

/** The line of a gauge that the cluster records itself, which comes before what is derived; none without a point. */
export function recordedUsage<Line extends UtilizationLine>(lines: readonly Line[]): Line | undefined {
  return lines.find(
    ({ name, method, series }) => name === 'usage' && method === 'recorded' && (series?.timestampsMs.length ?? 0) > 0,
  );
}

/** The lines of a chart, those that the cluster records itself first. */
export interface UtilizationReading {
  readonly unit: 'cores' | 'bytes' | 'bytes_per_second';
  readonly lines: readonly UtilizationLine[];
  readonly lastSampleMs: number | null;
}
