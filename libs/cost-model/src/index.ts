export {
  allocatedLoadBalancerSchema,
  allocatedVolumeSchema,
  allocationFactLine,
  allocationFactSchema,
  allocationFlags,
  allocationKinds,
  compareAllocationFacts,
  emptyAllocation,
  type AllocatedLoadBalancer,
  type AllocatedVolume,
  type AllocationFact,
  type AllocationFlag,
  type AllocationKind,
} from './allocation-fact';
export { aggregateAllocations, totalCostOf, type AllocationSet } from './allocations/aggregate';
export {
  allocationCosts,
  allocationQuantities,
  costRowsOf,
  type AllocationCost,
  type AllocationQuantity,
  type CostRow,
  type LoadBalancerShare,
  type VolumeShare,
} from './allocations/cost-row';
export { ratesOf, type AllocationRates } from './allocations/efficiency';
export { defaultAggregate, groupNameOf, parseAggregate, type Grouping } from './allocations/grouping';
export {
  openCostAllocationOf,
  openCostAllocationResponse,
  type AllocationMode,
  type OpenCostForm,
} from './allocations/opencost-allocation';
export {
  openCostAllocationResponseSchema,
  openCostAllocationSchema,
  openCostSummaryResponseSchema,
  openCostSummarySchema,
  type OpenCostAllocation,
  type OpenCostAllocationResponse,
  type OpenCostSummary,
  type OpenCostSummaryResponse,
} from './allocations/opencost-schema';
export { compatSummaryQuery, openCostSummaryOf, openCostSummaryResponse } from './allocations/opencost-summary';
export {
  groupNames,
  idleName,
  noProperties,
  propertiesReader,
  undistributedName,
  unmounted,
  type AllocationProperties,
  type GroupKey,
} from './allocations/properties';
export { defaultAllocationQuery, placerOf, shareFilterOf, type AllocationQuery } from './allocations/query';
export { allocateCompat, type CompatInput } from './compat/allocate-compat';
export { costRowsOfSums, type SummedFacts, type SummedWhat } from './allocations/summed-facts';
export { accumulateSets, calendarSteps, parseStep, stepsOf, type CalendarStep, type Step } from './allocations/steps';
export type { AllocationRow } from './allocations/sum-builder';
export {
  assetFactLine,
  assetFactSchema,
  assetTypes,
  costComponents,
  dataQualityFlags,
  type AssetFact,
  type AssetType,
  type CostComponent,
  type DataQualityFlag,
} from './asset-fact';
export { priceAssets, type PriceAssetsInput, type PricedAssets } from './assets';
export {
  foldFilter,
  testsOf,
  unallocated,
  type Filter,
  type FilterNode,
  type FilterQuestion,
  type FilterTest,
  type FilterVisitor,
} from './filter/filter';
export {
  aliasFields,
  allocationFilterFields,
  assetFilterFields,
  defaultLabelAliases,
  sanitizeLabelKey,
  type AliasField,
  type FilterFields,
  type LabelAliases,
} from './filter/filter-fields';
export { formatFilter } from './filter/format-filter';
export { filterPredicate, type FilterContext, type FilterReader } from './filter/match-filter';
export { parseFilter } from './filter/parse-filter';
export { allocateHour, HourAllocator, type AllocatedHour, type AllocateHourInput } from './facts/hour-allocator';
export { groupBy } from './group-by';
export { bridgedGapMs } from './intervals';
export { readKubecostHours, type KubecostHour, type KubecostRow } from './kubecost-hours';
export {
  consistencyOf,
  reconciledNoNamespace,
  reconciledResources,
  reconcileKubecostHour,
  type ReconciledCost,
  type ReconciledHour,
  type ReconciledResource,
} from './kubecost-reconciliation';
export {
  kubecostContainerLabels,
  kubecostOther,
  kubecostQuantities,
  kubecostResources,
  kubecostSeriesNames,
  type KubecostQuantity,
  type KubecostResource,
  type KubecostWindow,
} from './kubecost-series';
export { piecesOf } from './pieces';
export {
  formatCost,
  formatNanos,
  nanosFromNumber,
  nanosOrNull,
  nanosToNumber,
  parseNanos,
  sumKnownNanos,
  sumNanos,
  type Nanos,
} from './money';
export {
  allocationMetricNames,
  assetMetricNames,
  clusterMetricNames,
  compatMetricNames,
  podMetricNames,
  type AllocationMetricName,
  type AssetMetricName,
  type AssetSeries,
  type PodMetricName,
  type Series,
} from './series';
export { priceBookChange, priceBookRules, priceBookSchema, type PriceBook, type PriceBookInput } from './price-book';
export {
  allocationRulesRules,
  allocationRulesSchema,
  defaultAllocationRules,
  labelKeysOfRules,
  looksAtControllers,
  rulesOfMonth,
  type AllocationRules,
  type AllocationRulesInput,
  type VersionedRules,
} from './summaries/allocation-rules';
export { summarizeHour, type HourToSummarize, type SaidCosts, type SummaryFacts } from './summaries/summarize-hour';
export {
  accumulateSummaries,
  changesBetween,
  summaryEfficiencyOf,
  summaryLines,
  summaryQuantities,
  summarySources,
  wholeCoverage,
  type SummaryChange,
  type SummaryRow,
  type SummarySource,
} from './summaries/summary-row';
export { daysOf, hoursOf, msPerDay, msPerHour, parseWindow, type TimeWindow, type WindowContext } from './window';
