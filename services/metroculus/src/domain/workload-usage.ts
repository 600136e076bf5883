/** What is known of containers over a window: one entry per series, its label set telling whose it is. */
export interface LabelledValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What right-sizing needs. Values are over the whole window; NaN never occurs. */
export interface WorkloadUsage {
  /** Cores and bytes, told apart by the label `resource`. */
  readonly requests: readonly LabelledValue[];
  readonly cpuP95: readonly LabelledValue[];
  readonly cpuMax: readonly LabelledValue[];
  readonly memoryP95: readonly LabelledValue[];
  readonly memoryMax: readonly LabelledValue[];
  /** Share of the window in which a container was there. */
  readonly presence: readonly LabelledValue[];
  /** Pods, with `owner_kind` and `owner_name`. */
  readonly podOwners: readonly LabelledValue[];
  /** ReplicaSets, with `owner_kind` and `owner_name`. */
  readonly replicaSetOwners: readonly LabelledValue[];
  /** Mean price per core-hour, one entry per node. */
  readonly cpuPrices: readonly LabelledValue[];
  /** Mean price per GiB-hour, one entry per node. */
  readonly ramPrices: readonly LabelledValue[];
  /** Share of the window in which any container's usage was measured. */
  readonly coverage: number;
}
