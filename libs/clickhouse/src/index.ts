export { connectClickhouse, type ClickhouseOptions, type ClickhouseTls } from './client';
export type {
  ClickhouseClient,
  CommandRequest,
  InsertRequest,
  QueryLimits,
  QueryParam,
  QueryParams,
  QueryRequest,
  QueryTag,
} from './client-port';
export { migrate, rollBack, schemaVersion, type MigrateOptions, type SchemaState } from './migrate';
export { defaultRetention, type Retention } from './retention';
export {
  allocationHourRow,
  countAllocationHour,
  findSupersededHours,
  removeAllocationHours,
} from './allocation/hour-statements';
export {
  findSupersededDays,
  insertAllocationDay,
  insertAllocationGroupDay,
  isBalanced,
  readRollupBalance,
  removeAllocationDays,
  rollupBalanceRow,
  rollupVersionOf,
  type DayRollup,
} from './allocation/rollup-statements';
export {
  allocationDayRow,
  planReading,
  readAllocationDays,
  type AllocationColumn,
  type AllocationDay,
  type AllocationGroup,
  type HourWindow,
  type ReadingPlan,
} from './allocation/reading-plan';
export {
  allocationSumRow,
  readAllocations,
  type AllocationReading,
  type AllocationSumRow,
} from './allocation/read-statement';
export {
  readWorkloadDays,
  workloadDayRow,
  type WorkloadDimension,
  type WorkloadFilter,
  type WorkloadReading,
} from './allocation/workload-days';
export type { BoundStatement, DayVersion, HourVersion, SupersededWindow } from './allocation/statement';
