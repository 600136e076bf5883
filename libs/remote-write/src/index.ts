export { decodeWriteRequest } from './decode';
export { decodeWriteRequestV2 } from './decode-v2';
export { encodeWriteRequest } from './encode';
export { encodeWriteRequestV2 } from './encode-v2';
export { createWriteKernel, type WriteKernel } from './kernel';
export type { Refusal } from './refused-series';
export { createReservedLabels, defaultReservedLabels, type ReservedLabels } from './reserved-labels';
export { rewriteWriteRequest, type RewriteOptions, type RewriteResult } from './rewrite';
export { rewriteWriteRequestV2, type RewriteOptionsV2 } from './rewrite-v2';
export { scanWriteRequest, type RequestCounts, type ScanLimits } from './scan';
export {
  createRemoteWriteClient,
  parseRetryAfter,
  type RemoteWriteClient,
  type RemoteWriteClientOptions,
  type WrittenCounts,
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
export type { TimeSpan } from './time-span';
export { WireWriter } from './wire-writer';
export {
  staleMarker,
  type Exemplar,
  type Label,
  type MetricMetadata,
  type MetricType,
  type Sample,
  type TimeSeries,
  type SampleV2,
  type SeriesMetadata,
  type TimeSeriesV2,
  type WriteRequest,
  type WriteRequestV2,
} from './write-request';
