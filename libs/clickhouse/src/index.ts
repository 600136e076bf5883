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
