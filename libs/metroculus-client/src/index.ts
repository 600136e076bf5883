export type { KubecostAllocations } from './allocations-stream';
export type { KubecostAssets } from './assets-stream';
export type { KubecostFigures } from './figures-stream';
export { kubecostFigureLine, kubecostFigureOf } from './kubecost-figure';
export type { MetroculusClientOptions } from './caller';
export { compatEndSchema, compatPath, maxCompatHours, type CompatAllocations, type CompatEnd } from './compat-contract';
export { createMetroculusClient, type AccountWindow, type MetroculusClient } from './client';
export {
  allocationRowSchema,
  allocationsEndSchema,
  assetRowSchema,
  assetsEndSchema,
  clusterCostsSchema,
  costBreakdownSchema,
  costDataPointSchema,
  cpuSavingSchema,
  kubecostMetricsSchema,
  kubecostSavingsSchema,
  maxWindowDays,
  memorySavingSchema,
  metricPointSchema,
  metroculusPaths,
  secretHeader,
  type AllocationRow,
  type AllocationsEnd,
  type AssetRow,
  type AssetsEnd,
  type ClusterCosts,
  type CostBreakdown,
  type CostDataPoint,
  type CpuSaving,
  type KubecostMetrics,
  type KubecostSavings,
  type MemorySaving,
} from './contract';
export {
  kubecostUsageSchema,
  kubecostUtilizationSchema,
  namespaceQuotaSchema,
  resourceUsageSchema,
  usageEntrySchema,
  usagePaths,
  utilizationMetrics,
  utilizationSeriesSchema,
  type KubecostUsage,
  type KubecostUtilization,
  type NamespaceQuota,
  type ResourceUsage,
  type UsageEntry,
  type UtilizationMetric,
  type UtilizationSeries,
} from './usage-contract';
export { descriptionsPath, kubecostDescriptionsSchema, type KubecostDescriptions } from './descriptions-contract';
export {
  figuresEndSchema,
  kubecostFigureSchema,
  kubecostStatementSchema,
  kubecostStatementsSchema,
  statementPaths,
  type FiguresEnd,
  type KubecostFigure,
  type KubecostStatement,
  type KubecostStatements,
} from './statements-contract';
