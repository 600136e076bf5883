import { compressSnappy, encodeWriteRequest, WireWriter, type TimeSeries } from '@cloudtuner/remote-write';

const varint = 0;
const fixed64 = 1;
const customBucketsSchema = -53;

export type LabelMap = Readonly<Record<string, string>>;

/** What a native histogram of the suite has; counts follow from its buckets unless they are meant to be wrong. */
export interface HistogramShape {
  readonly sum: number;
  readonly positive?: boolean;
  readonly negative?: boolean;
  readonly zero?: boolean;
  readonly customBuckets?: boolean;
  readonly wrongCount?: boolean;
}

/** One series of a request, in words that both versions of the protocol can be written from. */
export interface ComplianceSeries {
  readonly labels: LabelMap;
  readonly value?: number;
  readonly valueBits?: bigint;
  readonly histogram?: HistogramShape;
  readonly exemplar?: { readonly labels: LabelMap; readonly value: number; readonly offsetMs?: number };
  readonly metadata?: { readonly type: number; readonly help: string; readonly unit: string };
  readonly createdOffsetMs?: number;
  readonly offsetMs?: number;
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

interface Buckets {
  /** Offset and length of each span. */
  readonly spans: readonly (readonly [number, number])[];
  readonly deltas: readonly number[];
}

// 1, 3, 4, 7, 8 = 23 observations; 1, 2 = 3; 2, 3, 5, 8, 7, 5 = 30.
const positiveBuckets: Buckets = {
  spans: [
    [0, 3],
    [2, 2],
  ],
  deltas: [1, 2, 1, 3, 1],
};
const negativeBuckets: Buckets = { spans: [[0, 2]], deltas: [1, 1] };
const customBuckets: Buckets = { spans: [[0, 6]], deltas: [2, 1, 2, 3, -1, -2] };
const customBounds = [0.1, 0.5, 1, 2.5, 5, 10];

function writeBuckets(out: WireWriter, { spans, deltas }: Buckets, fields: { spans: number; deltas: number }): void {
  for (const [offset, length] of spans) {
    const span = new WireWriter();
    span.tag(1, varint);
    span.varint(zigzag(offset));
    span.tag(2, varint);
    span.varint(length);
    out.bytesField(fields.spans, span.bytes());
  }
  const packed = new WireWriter();
  for (const delta of deltas) packed.varint(zigzag(delta));
  out.bytesField(fields.deltas, packed.bytes());
}

export function observationsOf({
  positive,
  negative,
  zero,
  customBuckets: custom,
  wrongCount,
}: HistogramShape): number {
  if (wrongCount === true) return 99;
  if (custom === true) return 30;
  return (positive === true ? 23 : 0) + (negative === true ? 3 : 0) + (zero === true ? 1 : 0);
}

/** The message Histogram, whose fields are the same in both versions. */
function encodeHistogram(shape: HistogramShape, timestampMs: number): Buffer {
  const out = new WireWriter();
  out.tag(1, varint);
  out.varint(observationsOf(shape));
  out.tag(3, fixed64);
  out.double(shape.sum);
  if (shape.customBuckets === true) {
    out.tag(4, varint);
    out.varint(zigzag(customBucketsSchema));
  }
  if (shape.zero === true) {
    out.tag(6, varint);
    out.varint(1);
  }
  if (shape.negative === true) writeBuckets(out, negativeBuckets, { spans: 8, deltas: 9 });
  if (shape.customBuckets === true) writeBuckets(out, customBuckets, { spans: 11, deltas: 12 });
  else if (shape.positive === true) writeBuckets(out, positiveBuckets, { spans: 11, deltas: 12 });
  out.tag(15, varint);
  out.int64(timestampMs);
  if (shape.customBuckets === true) {
    const bounds = new WireWriter();
    for (const bound of customBounds) bounds.double(bound);
    out.bytesField(16, bounds.bytes());
  }
  return Buffer.from(out.bytes());
}

const version1Types = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
] as const;

function toVersion1(
  { labels, value, valueBits, histogram, exemplar, offsetMs = 0 }: ComplianceSeries,
  nowMs: number,
): TimeSeries {
  const listed = (map: LabelMap) => Object.entries(map).map(([name, text]) => ({ name, value: text }));
  const timestampMs = nowMs + offsetMs;
  const sample = { value: value ?? Number.NaN, timestampMs, ...(valueBits === undefined ? {} : { valueBits }) };
  return {
    labels: listed(labels),
    samples: value === undefined && valueBits === undefined ? [] : [sample],
    ...(histogram === undefined ? {} : { histograms: [encodeHistogram(histogram, timestampMs)] }),
    ...(exemplar === undefined
      ? {}
      : {
          exemplars: [
            { labels: listed(exemplar.labels), value: exemplar.value, timestampMs: nowMs + (exemplar.offsetMs ?? 0) },
          ],
        }),
  };
}

/** The request in Remote Write 1.0: metadata apart, created timestamps left out. */
export function version1Body(series: readonly ComplianceSeries[], nowMs: number): Buffer {
  const metadata = series.flatMap(({ labels, metadata: about }) =>
    about === undefined
      ? []
      : [
          {
            type: version1Types[about.type] ?? 'unknown',
            metricFamilyName: labels['__name__'] ?? '',
            help: about.help,
            unit: about.unit,
          },
        ],
  );
  const timeseries = series
    .filter(
      ({ value, valueBits, histogram, exemplar, metadata }) =>
        [value, valueBits, histogram, exemplar].some((part) => part !== undefined) || metadata === undefined,
    )
    .map((each) => toVersion1(each, nowMs));
  return compressSnappy(encodeWriteRequest({ timeseries, metadata }));
}

/** Written here a second time on purpose: what the gateway reads is then not what its own encoder writes. */
class Version2Writer {
  private readonly symbols: string[] = [''];

  private ref(text: string): number {
    const at = this.symbols.indexOf(text);
    return at >= 0 ? at : this.symbols.push(text) - 1;
  }

  private refs(out: WireWriter, labels: LabelMap): void {
    const packed = new WireWriter();
    for (const text of Object.entries(labels).flat()) packed.varint(this.ref(text));
    out.bytesField(1, packed.bytes());
  }

  private point(
    out: WireWriter,
    field: number,
    point: { value: number; bits?: bigint; timestampMs: number; labels?: LabelMap },
  ): void {
    const part = new WireWriter();
    const first = point.labels === undefined ? 1 : 2;
    if (point.labels !== undefined) this.refs(part, point.labels);
    part.tag(first, fixed64);
    if (point.bits === undefined) part.double(point.value);
    else part.bits64(point.bits);
    part.tag(first + 1, varint);
    part.int64(point.timestampMs);
    out.bytesField(field, part.bytes());
  }

  private oneSeries(series: ComplianceSeries, nowMs: number): Buffer {
    const { labels, value, valueBits, histogram, exemplar, metadata, createdOffsetMs, offsetMs = 0 } = series;
    const out = new WireWriter();
    this.refs(out, labels);
    const timestampMs = nowMs + offsetMs;
    if (value !== undefined || valueBits !== undefined) {
      this.point(out, 2, { value: value ?? 0, timestampMs, ...(valueBits === undefined ? {} : { bits: valueBits }) });
    }
    if (histogram !== undefined) out.bytesField(3, encodeHistogram(histogram, timestampMs));
    if (exemplar !== undefined) {
      this.point(out, 4, { ...exemplar, timestampMs: nowMs + (exemplar.offsetMs ?? 0) });
    }
    if (metadata !== undefined) {
      const part = new WireWriter();
      for (const [field, number] of [
        [1, metadata.type],
        [3, this.ref(metadata.help)],
        [4, this.ref(metadata.unit)],
      ] as const) {
        part.tag(field, varint);
        part.varint(number);
      }
      out.bytesField(5, part.bytes());
    }
    if (createdOffsetMs !== undefined) {
      out.tag(6, varint);
      out.int64(nowMs + createdOffsetMs);
    }
    return Buffer.from(out.bytes());
  }

  write(series: readonly ComplianceSeries[], nowMs: number): Buffer {
    const encoded = series.map((each) => this.oneSeries(each, nowMs));
    const out = new WireWriter();
    for (const symbol of this.symbols) out.textField(4, symbol);
    for (const each of encoded) out.bytesField(5, each);
    return compressSnappy(out.bytes());
  }
}

/** The request in Remote Write 2.0, with labels in the order given, as senders of the suite do not sort. */
export function version2Body(series: readonly ComplianceSeries[], nowMs: number): Buffer {
  return new Version2Writer().write(series, nowMs);
}
