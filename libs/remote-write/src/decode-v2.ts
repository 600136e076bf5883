import { MessageReader, readBytes, readTimestamp, readValue, type Mutable } from './message-reader';
import { invalidReference } from './symbol-table';
import { malformed, WireCursor } from './wire-cursor';
import {
  metricTypes,
  type Exemplar,
  type Label,
  type SampleV2,
  type TimeSeriesV2,
  type WriteRequestV2,
} from './write-request';

interface WireExemplar extends Mutable<SampleV2> {
  refs: number[];
}

interface WireMetadata {
  type: number;
  helpRef: number;
  unitRef: number;
}

interface WireSeries {
  refs: number[];
  samples: SampleV2[];
  histograms?: Uint8Array[];
  exemplars?: WireExemplar[];
  metadata?: WireMetadata;
}

interface WireRequest {
  symbols: string[];
  timeseries: WireSeries[];
}

function readPackedRefs(target: { refs: number[] }, cursor: WireCursor): void {
  const outerEnd = cursor.end;
  const end = cursor.lengthEnd();
  cursor.end = end;
  while (cursor.position < end) target.refs.push(cursor.low32());
  cursor.end = outerEnd;
}

function readRef(target: { refs: number[] }, cursor: WireCursor): void {
  target.refs.push(cursor.low32());
}

function notVersion2(): never {
  throw malformed('it is not an io.prometheus.write.v2.Request');
}

function createReader(): MessageReader<WireRequest> {
  const sample = new MessageReader<Mutable<SampleV2>>(() => ({ value: 0, timestampMs: 0 }), {
    0x09: readValue,
    0x10: readTimestamp,
    0x18: (target, cursor) => (target.startTimestampMs = cursor.int64()),
  });
  const exemplar = new MessageReader<WireExemplar>(() => ({ refs: [], value: 0, timestampMs: 0 }), {
    0x08: readRef,
    0x0a: readPackedRefs,
    0x11: readValue,
    0x18: readTimestamp,
  });
  const metadata = new MessageReader<WireMetadata>(() => ({ type: 0, helpRef: 0, unitRef: 0 }), {
    0x08: (target, cursor) => (target.type = cursor.low32()),
    0x18: (target, cursor) => (target.helpRef = cursor.low32()),
    0x20: (target, cursor) => (target.unitRef = cursor.low32()),
  });
  const series = new MessageReader<WireSeries>(() => ({ refs: [], samples: [] }), {
    0x08: readRef,
    0x0a: readPackedRefs,
    0x12: (target, cursor) => target.samples.push(sample.read(cursor)),
    0x1a: (target, cursor) => (target.histograms ??= []).push(readBytes(cursor)),
    0x22: (target, cursor) => (target.exemplars ??= []).push(exemplar.read(cursor)),
    0x2a: (target, cursor) => (target.metadata = metadata.read(cursor)),
  });
  return new MessageReader<WireRequest>(() => ({ symbols: [], timeseries: [] }), {
    // What is reserved here are the series and the metadata of 1.0.
    0x0a: notVersion2,
    0x12: notVersion2,
    0x1a: notVersion2,
    0x22: (target, cursor) => target.symbols.push(readBytes(cursor).toString('utf8')),
    0x2a: (target, cursor) => target.timeseries.push(series.read(cursor)),
  });
}

/** The texts behind references. */
class Symbols {
  constructor(private readonly texts: readonly string[]) {
    if (texts[0] !== '') throw invalidReference('the first symbol is not the empty text');
  }

  text(ref: number | undefined): string {
    const text = ref === undefined ? undefined : this.texts[ref];
    if (text === undefined) throw invalidReference('a reference leads to no symbol');
    return text;
  }

  labels(refs: readonly number[]): Label[] {
    if (refs.length % 2 !== 0) throw invalidReference('a label has no value');
    const labels: Label[] = [];
    for (let index = 0; index < refs.length; index += 2) {
      labels.push({ name: this.text(refs[index]), value: this.text(refs[index + 1]) });
    }
    return labels;
  }
}

function toSeries({ refs, samples, histograms, exemplars, metadata }: WireSeries, symbols: Symbols): TimeSeriesV2 {
  const withLabels = exemplars?.map(({ refs: own, ...timed }): Exemplar => ({ ...timed, labels: symbols.labels(own) }));
  return {
    labels: symbols.labels(refs),
    samples,
    ...(histograms === undefined ? {} : { histograms }),
    ...(withLabels === undefined ? {} : { exemplars: withLabels }),
    ...(metadata === undefined
      ? {}
      : {
          metadata: {
            type: metricTypes[metadata.type] ?? 'unknown',
            help: symbols.text(metadata.helpRef),
            unit: symbols.text(metadata.unitRef),
          },
        }),
  };
}

/**
 * The objects of an uncompressed Remote Write 2.0 request, for tests and small bodies. Every NaN keeps its bits in
 * `valueBits`; invalid UTF-8 becomes U+FFFD.
 *
 * @throws protobuf-malformed, symbol-reference-invalid
 */
export function decodeWriteRequestV2(bytes: Uint8Array): WriteRequestV2 {
  const { symbols: texts, timeseries } = createReader().readTo(new WireCursor(bytes), bytes.length);
  if (texts.length === 0 && timeseries.length === 0) return { timeseries: [] };
  const symbols = new Symbols(texts);
  return { timeseries: timeseries.map((series) => toSeries(series, symbols)) };
}
