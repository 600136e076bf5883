import { AppError } from '@cloudtuner/errors';
import type { KernelWalk } from './kernel';
import type { SeriesView } from './series-view';
import { SeriesViewV1 } from './series-view-v1';
import { malformed, WireCursor } from './wire-cursor';

const seriesTag = 0x0a; // field 1, length-delimited
const metadataTag = 0x1a; // field 3, length-delimited

/** Bounds of one scan. */
export interface ScanLimits {
  readonly maxSeries: number;
  /** Samples and native histograms together. */
  readonly maxSamples: number;
  /** Labels of a series whose offsets are kept; more are counted only. */
  readonly labelCapacity: number;
}

/** What a request holds. */
export interface RequestCounts {
  readonly series: number;
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
  readonly metadata: number;
}

/** @throws too-many-series, too-many-samples */
export function requireRoom(counts: RequestCounts, limits: ScanLimits): void {
  if (counts.series > limits.maxSeries) {
    throw new AppError('too-many-series', `The request has more than ${String(limits.maxSeries)} series.`);
  }
  if (counts.samples + counts.histograms > limits.maxSamples) {
    throw new AppError('too-many-samples', `The request has more than ${String(limits.maxSamples)} samples.`);
  }
}

function skipMetadata(cursor: WireCursor, requestEnd: number): void {
  const end = cursor.lengthEnd();
  cursor.end = end;
  while (cursor.position < end) {
    const tag = cursor.tag();
    const fieldNumber = tag >>> 3;
    // 1 is the type; 2, 4 and 5 are texts.
    if (fieldNumber <= 5 && fieldNumber !== 3 && (tag & 7) !== (fieldNumber === 1 ? 0 : 2)) {
      throw malformed('a field of the metadata has another wire type');
    }
    cursor.skip(tag);
  }
  cursor.end = requestEnd;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Lets `usual` read on; false when what comes next is for the reader that knows all forms. */
function readRun(cursor: WireCursor, counts: Mutable<RequestCounts>, limits: ScanLimits, usual: UsualSeries): boolean {
  const start = cursor.position;
  const run = usual.walk(start, {
    series: limits.maxSeries - counts.series,
    samples: limits.maxSamples - counts.samples - counts.histograms,
  });
  if (run.series === 0) return false;
  counts.series += run.series;
  counts.samples += run.samples;
  usual.visitRun(start, run);
  cursor.position = run.position;
  return run.outputFull || run.position === cursor.end;
}

/** A faster reader of runs of series that need not be shown one by one. */
export interface UsualSeries {
  /** Reads as many series as it can from an offset on, within what the limits leave. */
  walk(offset: number, left: { readonly series: number; readonly samples: number }): KernelWalk;
  /** Takes note of the run from this offset to where the walk stopped. */
  visitRun(offset: number, run: KernelWalk): void;
}

/**
 * Walks a Remote Write 1.0 request once without building objects and shows each series to `visit`, except those that
 * `usual` has read.
 *
 * @throws protobuf-malformed, too-many-series, too-many-samples
 */
export function scanWriteRequest(
  bytes: Uint8Array,
  limits: ScanLimits,
  visit: (series: SeriesView) => void,
  usual?: UsualSeries,
): RequestCounts {
  const cursor = new WireCursor(bytes);
  // Mostly no series is left for it.
  let series: SeriesViewV1 | undefined;
  const counts = { series: 0, samples: 0, histograms: 0, exemplars: 0, metadata: 0 };
  while (cursor.position < bytes.length) {
    if (usual !== undefined && readRun(cursor, counts, limits, usual)) continue;
    const fieldStart = cursor.position;
    const tag = cursor.tag();
    if (tag === seriesTag) {
      const end = cursor.lengthEnd();
      counts.series += 1;
      series ??= new SeriesViewV1(bytes, limits.labelCapacity);
      series.read(fieldStart, cursor.position, end);
      cursor.position = end;
      counts.samples += series.sampleCount;
      counts.histograms += series.histogramCount;
      counts.exemplars += series.exemplarCount;
      requireRoom(counts, limits);
      visit(series);
    } else if (tag === metadataTag) {
      counts.metadata += 1;
      skipMetadata(cursor, bytes.length);
    } else {
      if (tag >>> 3 === 1 || tag >>> 3 === 3) throw malformed('a field of the request has another wire type');
      cursor.skip(tag);
    }
  }
  return counts;
}
