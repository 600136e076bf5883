export { decodeWriteRequest } from './decode';
export { encodeWriteRequest } from './encode';
export { createReservedLabels, defaultReservedLabels, type ReservedLabels } from './reserved-labels';
export { rewriteWriteRequest, type Refusal, type RewriteOptions, type RewriteResult } from './rewrite';
export { scanWriteRequest, type RequestCounts, type ScanLimits } from './scan';
export {
  createRemoteWriteClient,
  parseRetryAfter,
  type RemoteWriteClient,
  type RemoteWriteClientOptions,
} from './sender';
export type { SeriesView } from './series-view';
export { compressSnappy } from './snappy-compress';
export { decompressSnappy, type DecompressOptions } from './snappy-decompress';
export {
  defaultWriteLimits,
  type LabelNameRule,
  type SeriesRefusalCode,
  type SeriesRules,
  type WriteLimits,
} from './validate-series';
export { WireWriter } from './wire-writer';
export {
  staleMarker,
  type Exemplar,
  type Label,
  type MetricMetadata,
  type MetricType,
  type Sample,
  type TimeSeries,
  type WriteRequest,
} from './write-request';
