import { requireRoom, type RequestCounts, type ScanLimits } from './scan';
import { SeriesViewV2 } from './series-view-v2';
import { SymbolTable } from './symbol-table';
import { malformed, WireCursor } from './wire-cursor';

const symbolTag = 0x22; // field 4, length-delimited
const seriesTag = 0x2a; // field 5, length-delimited
// Fields of the request of Remote Write 1.0: there they are series and metadata, here they are reserved.
const lastReservedField = 3;

/** What is known of a request before its series are read. */
export interface RequestFrame {
  readonly symbols: SymbolTable;
  /** Where the first series begins; the end of the request when there is none. */
  readonly firstSeriesStart: number;
  /** All symbols come before all series, as every sender writes them. */
  readonly symbolsFirst: boolean;
}

/** Calls `onSeries` and `onSymbol` with the cursor standing at the field's length; other fields are skipped. */
function walkRequest(cursor: WireCursor, onSymbol: () => void, onSeries: (fieldStart: number) => void): void {
  while (cursor.position < cursor.end) {
    const fieldStart = cursor.position;
    const tag = cursor.tag();
    if (tag === seriesTag) onSeries(fieldStart);
    else if (tag === symbolTag) onSymbol();
    else {
      const fieldNumber = tag >>> 3;
      if (fieldNumber <= lastReservedField) throw malformed('it is not an io.prometheus.write.v2.Request');
      if (fieldNumber <= 5) throw malformed('a field of the request has another wire type');
      cursor.skip(tag);
    }
  }
}

function readFrame(bytes: Uint8Array, limits: ScanLimits): RequestFrame {
  const cursor = new WireCursor(bytes);
  const symbols = new SymbolTable(1 + limits.maxSeries * limits.labelCapacity * 2);
  let firstSeriesStart = bytes.length;
  let symbolsFirst = true;
  let seriesCount = 0;
  walkRequest(
    cursor,
    () => {
      symbols.add(cursor);
      if (seriesCount > 0) symbolsFirst = false;
    },
    (fieldStart) => {
      if (++seriesCount === 1) firstSeriesStart = fieldStart;
      cursor.position = cursor.lengthEnd();
    },
  );
  // A request without anything is what asks a receiver whether it speaks this version.
  if (seriesCount > 0 || symbols.count > 0) symbols.requireEmptyFirst();
  return { symbols, firstSeriesStart, symbolsFirst };
}

/**
 * Walks a Remote Write 2.0 request without building objects and shows each series to `visit`. Symbols are found in a
 * first pass, because they may stand anywhere.
 *
 * @throws protobuf-malformed, symbol-reference-invalid, too-many-symbols, too-many-series, too-many-samples
 */
export function scanWriteRequestV2(
  bytes: Uint8Array,
  limits: ScanLimits,
  visit: (series: SeriesViewV2, frame: RequestFrame) => void,
): RequestCounts {
  const frame = readFrame(bytes, limits);
  const cursor = new WireCursor(bytes);
  const series = new SeriesViewV2(bytes, limits.labelCapacity, frame.symbols);
  const counts = { series: 0, samples: 0, histograms: 0, exemplars: 0, metadata: 0 };
  const skipField = (): void => {
    cursor.position = cursor.lengthEnd();
  };
  walkRequest(cursor, skipField, (fieldStart) => {
    const end = cursor.lengthEnd();
    series.read(fieldStart, cursor.position, end);
    cursor.position = end;
    counts.series += 1;
    counts.samples += series.sampleCount;
    counts.histograms += series.histogramCount;
    counts.exemplars += series.exemplarCount;
    if (series.hasMetadata) counts.metadata += 1;
    requireRoom(counts, limits);
    visit(series, frame);
  });
  return counts;
}
