/** One name and value of a series. */
export interface Label {
  readonly name: string;
  readonly value: string;
}

/** One float sample. */
export interface Sample {
  readonly value: number;
  /** Milliseconds since the epoch; beyond ±2^53 a decoded one is the nearest double. */
  readonly timestampMs: number;
  /**
   * The IEEE 754 bits when `value` cannot carry them: JavaScript may change the payload of a NaN, and a stale marker
   * is one. Set by the decoder for every NaN; the encoder writes it instead of `value` when it is there.
   */
  readonly valueBits?: bigint;
}

/** One exemplar of a series. */
export interface Exemplar extends Sample {
  readonly labels: readonly Label[];
}

/** A label set and what was observed for it. */
export interface TimeSeries {
  readonly labels: readonly Label[];
  readonly samples: readonly Sample[];
  readonly exemplars?: readonly Exemplar[];
  /** Native histograms as encoded `prometheus.Histogram` messages: carried, never interpreted. */
  readonly histograms?: readonly Uint8Array[];
}

/** Metric types in the order of their numbers on the wire. */
export const metricTypes = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
] as const;

export type MetricType = (typeof metricTypes)[number];

/** What a metric family means. */
export interface MetricMetadata {
  readonly type: MetricType;
  readonly metricFamilyName: string;
  readonly help: string;
  readonly unit: string;
}

/** `prometheus.WriteRequest`, the message of Remote Write 1.0. */
export interface WriteRequest {
  readonly timeseries: readonly TimeSeries[];
  readonly metadata?: readonly MetricMetadata[];
}

/** One float sample of Remote Write 2.0. */
export interface SampleV2 extends Sample {
  /** When the counter began; not set or 0 when that is not known. */
  readonly startTimestampMs?: number;
}

/** What a series of Remote Write 2.0 says of its metric. */
export interface SeriesMetadata {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** A series of Remote Write 2.0; its labels are text here, references on the wire. */
export interface TimeSeriesV2 extends TimeSeries {
  readonly samples: readonly SampleV2[];
  readonly metadata?: SeriesMetadata;
}

/** `io.prometheus.write.v2.Request`, the message of Remote Write 2.0. */
export interface WriteRequestV2 {
  readonly timeseries: readonly TimeSeriesV2[];
}

/**
 * The sample that ends a series (`StaleNaN`).
 *
 * Source: prometheus/model/value, a signalling NaN that arithmetic never produces.
 */
export function staleMarker(timestampMs: number): Sample {
  return { value: Number.NaN, timestampMs, valueBits: 0x7ff0000000000002n };
}
