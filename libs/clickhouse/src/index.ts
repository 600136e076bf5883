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
export {
  backUpClickhouse,
  backupTables,
  beginRestore,
  checkBackupDestination,
  countClickhouseRows,
  endRestore,
  requireNoRestore,
  restoreClickhouse,
  restoringBackup,
  type BackupOptions,
  type TableCount,
} from './operations/backup';
export { countTenantRows, eraseTenantRows, type ErasedTenant } from './operations/erase-tenant';
export { defaultRetention, type Retention } from './retention';
export {
  allocationHourRow,
  countAllocationHour,
  findSupersededHours,
  removeAllocationHours,
  type HourFactTable,
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
  readAllocationDays,
  withPeriods,
  type AllocationDay,
  type HourWindow,
  type StoredHour,
  type StoredObservation,
} from './allocation/allocation-days';
export {
  allocationPeriodRow,
  findSupersededPeriods,
  insertAllocationPeriod,
  isPeriodBalanced,
  periodBalanceRow,
  readAllocationPeriods,
  readPeriodBalance,
  readSummedDays,
  removeAllocationPeriods,
  summedDayRow,
} from './allocation/period-statements';
export {
  periodVersionOf,
  wholePeriods,
  type AllocationPeriod,
  type AllocationPeriodKind,
  type PeriodVersion,
  type SummedDay,
} from './allocation/periods';
export {
  planOfHours,
  planReading,
  type AllocationColumn,
  type AllocationGroup,
  type ReadingPlan,
} from './allocation/reading-plan';
export {
  allocationRankRow,
  allocationSumRow,
  rankAllocations,
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
export {
  countKubecostHour,
  findRestatedDays,
  findSupersededKubecostHours,
  kubecostHourRow,
  kubecostStatementFields,
  kubecostStatementRow,
  readKubecostStatements,
  removeKubecostHours,
  type KubecostHourFields,
  type KubecostStatement,
} from './kubecost/kubecost-hours';
export { readReconciliation, type Reconciliation } from './kubecost/read-reconciliation';
export type { NamedPart, RowNames } from './allocation/row-names';
export type { BoundStatement, DayVersion, HourVersion, SupersededWindow } from './allocation/statement';
