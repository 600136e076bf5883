import { staleMarker, type Sample, type TimeSeries } from '@cloudtuner/remote-write';
import { MS_PER_MINUTE } from './calendar';
import { valueOf, type Series } from './series';

/** A label set with its samples in order of time, as `@cloudtuner/remote-write` encodes it. */
export type HistorySeries = TimeSeries;

/** One remote write request's worth of history: a `WriteRequest` that also says which time it belongs to. */
export interface HistoryChunk {
  /** The chunk's span [startMs, endMs); several requests may share one. */
  readonly startMs: number;
  readonly endMs: number;
  readonly sampleCount: number;
  readonly timeseries: readonly HistorySeries[];
}

export interface HistoryOptions {
  /** First instant sampled. A whole minute makes a whole hour of samples worth exactly what the book says. */
  readonly startMs: number;
  /** No sample at or after it. */
  readonly endMs: number;
  /** Default 60,000. */
  readonly stepMs?: number;
  /** Time span of a request; default 30 minutes. */
  readonly chunkMs?: number;
  /** Default 45,000: below the gateway's limit of 50,000. */
  readonly maxSamplesPerRequest?: number;
  /** Default 15,000: below the gateway's limit of 20,000. */
  readonly maxSeriesPerRequest?: number;
}

/** The series that exist at some time in [fromMs, toMs). */
export type SeriesBetween = (fromMs: number, toMs: number) => Iterable<Series>;

const DEFAULT_CHUNK_MS = 30 * MS_PER_MINUTE;
const DEFAULT_MAX_SAMPLES = 45_000;
const DEFAULT_MAX_SERIES = 15_000;

/** The samples of a series at those of the instants that it exists at. */
function samplesAt(series: Series, instants: readonly number[], stepMs: number): Sample[] {
  const samples: Sample[] = [];
  for (const tMs of instants) {
    if (tMs < series.fromMs) continue;
    if (tMs < series.toMs) {
      samples.push({ value: valueOf(series, tMs), timestampMs: tMs });
      continue;
    }
    // The first scrape that does not find a series any more ends it, if the scrape before did find it.
    const before = tMs - stepMs;
    if (before >= series.fromMs && before < series.toMs) samples.push(staleMarker(tMs));
    break;
  }
  return samples;
}

function instantsOf(startMs: number, endMs: number, stepMs: number): number[] {
  return Array.from({ length: Math.ceil((endMs - startMs) / stepMs) }, (_, index) => startMs + index * stepMs);
}

/**
 * What a Prometheus that scraped the cluster at startMs, startMs + stepMs, … would have: the same label sets and values
 * as the exporter at these instants, and a stale marker where a series ends. Requests come in order of time.
 */
export function* historyOf(seriesBetween: SeriesBetween, options: HistoryOptions): Generator<HistoryChunk> {
  const { startMs, endMs, stepMs = MS_PER_MINUTE, maxSamplesPerRequest = DEFAULT_MAX_SAMPLES } = options;
  const { maxSeriesPerRequest = DEFAULT_MAX_SERIES } = options;
  // Whole steps, so that the instants of all chunks are those of one grid.
  const chunkMs = Math.max(1, Math.round((options.chunkMs ?? DEFAULT_CHUNK_MS) / stepMs)) * stepMs;
  for (let chunkStartMs = startMs; chunkStartMs < endMs; chunkStartMs += chunkMs) {
    const chunkEndMs = Math.min(chunkStartMs + chunkMs, endMs);
    const instants = instantsOf(chunkStartMs, chunkEndMs, stepMs);
    let timeseries: HistorySeries[] = [];
    let sampleCount = 0;
    const firstSeenMs = Math.max(startMs, chunkStartMs - stepMs);
    for (const series of seriesBetween(firstSeenMs, chunkEndMs)) {
      const samples = samplesAt(series, instants, stepMs);
      if (samples.length === 0) continue;
      if (sampleCount + samples.length > maxSamplesPerRequest || timeseries.length >= maxSeriesPerRequest) {
        yield { startMs: chunkStartMs, endMs: chunkEndMs, sampleCount, timeseries };
        timeseries = [];
        sampleCount = 0;
      }
      timeseries.push({ labels: series.labels, samples });
      sampleCount += samples.length;
    }
    if (timeseries.length > 0) yield { startMs: chunkStartMs, endMs: chunkEndMs, sampleCount, timeseries };
  }
}
