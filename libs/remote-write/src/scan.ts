import { AppError } from '@cloudtuner/errors';
import { SeriesView } from './series-view';
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

function skipMetadata(cursor: WireCursor, requestEnd: number): void {
  const end = cursor.lengthEnd();
  cursor.end = end;
  while (cursor.position < end) cursor.skip(cursor.tag());
  cursor.end = requestEnd;
}

/**
 * Walks a Remote Write 1.0 request once without building objects and shows each series to `visit`.
 *
 * @throws protobuf-malformed, too-many-series, too-many-samples
 */
export function scanWriteRequest(
  bytes: Uint8Array,
  limits: ScanLimits,
  visit: (series: SeriesView) => void,
): RequestCounts {
  const cursor = new WireCursor(bytes);
  const series = new SeriesView(bytes, limits.labelCapacity);
  const counts = { series: 0, samples: 0, histograms: 0, exemplars: 0, metadata: 0 };
  while (cursor.position < bytes.length) {
    const fieldStart = cursor.position;
    const tag = cursor.tag();
    if (tag === seriesTag) {
      const end = cursor.lengthEnd();
      if (++counts.series > limits.maxSeries) {
        throw new AppError('too-many-series', `The request has more than ${String(limits.maxSeries)} series.`);
      }
      series.read(fieldStart, cursor.position, end);
      cursor.position = end;
      counts.samples += series.sampleCount;
      counts.histograms += series.histogramCount;
      counts.exemplars += series.exemplarCount;
      if (counts.samples + counts.histograms > limits.maxSamples) {
        throw new AppError('too-many-samples', `The request has more than ${String(limits.maxSamples)} samples.`);
      }
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
