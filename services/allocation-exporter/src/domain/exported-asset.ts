/** What is served of one asset in one hour. */
export interface ExportedAsset {
  readonly clusterId: string;
  /** As Kubecost spells it: `Node`, `Disk`, `LoadBalancer`, … */
  readonly type: string;
  readonly category: string;
  readonly name: string;
  readonly providerId: string;
  readonly nodeType: string;
  readonly storageClass: string;
  readonly minutes: number;
  readonly cost: number;
  /** Null where the type has none. */
  readonly cpuCores: number | null;
  readonly ramBytes: number | null;
  readonly gpus: number | null;
  readonly diskBytes: number | null;
}
