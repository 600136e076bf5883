export { startEmbeddedClickhouse, type EmbeddedClickhouse, type EmbeddedClickhouseOptions } from './server';
export type { EngineLimits } from './engine';
export type { Credentials } from './query-request';
export type { SlotLimits } from './query-slots';
