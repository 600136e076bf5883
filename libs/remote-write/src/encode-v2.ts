import { WireWriter, wireType } from './wire-writer';
import {
  metricTypes,
  type Label,
  type Sample,
  type SampleV2,
  type SeriesMetadata,
  type TimeSeriesV2,
  type WriteRequestV2,
} from './write-request';

/** Gives every text one reference, in the order of first use. */
class SymbolWriter {
  readonly fields = new WireWriter();
  private readonly refs = new Map<string, number>();

  constructor() {
    this.ref('');
  }

  ref(text: string): number {
    const known = this.refs.get(text);
    if (known !== undefined) return known;
    const ref = this.refs.size;
    this.refs.set(text, ref);
    this.fields.textField(4, text);
    return ref;
  }
}

class RequestEncoderV2 {
  readonly symbols = new SymbolWriter();
  readonly series = new WireWriter(64 * 1024);
  private readonly content = new WireWriter();
  private readonly part = new WireWriter();
  private readonly refs = new WireWriter();

  private labelRefs(target: WireWriter, labels: readonly Label[]): void {
    if (labels.length === 0) return;
    this.refs.reset();
    for (const { name, value } of labels) {
      this.refs.varint(this.symbols.ref(name));
      this.refs.varint(this.symbols.ref(value));
    }
    target.bytesField(1, this.refs.bytes());
  }

  private valueAndTime(sample: Sample, fields: { value: number; timestamp: number }): void {
    const { part } = this;
    part.tag(fields.value, wireType.fixed64);
    if (sample.valueBits === undefined) part.double(sample.value);
    else part.bits64(sample.valueBits);
    part.tag(fields.timestamp, wireType.varint);
    part.int64(sample.timestampMs);
  }

  private sample(sample: SampleV2): void {
    const { part } = this;
    part.reset();
    this.valueAndTime(sample, { value: 1, timestamp: 2 });
    if (sample.startTimestampMs !== undefined) {
      part.tag(3, wireType.varint);
      part.int64(sample.startTimestampMs);
    }
    this.content.bytesField(2, part.bytes());
  }

  private metadata({ type, help, unit }: SeriesMetadata): void {
    const { part } = this;
    part.reset();
    part.tag(1, wireType.varint);
    part.varint(metricTypes.indexOf(type));
    part.tag(3, wireType.varint);
    part.varint(this.symbols.ref(help));
    part.tag(4, wireType.varint);
    part.varint(this.symbols.ref(unit));
    this.content.bytesField(5, part.bytes());
  }

  add({ labels, samples, histograms = [], exemplars = [], metadata }: TimeSeriesV2): void {
    const { content, part } = this;
    content.reset();
    this.labelRefs(content, labels);
    for (const sample of samples) this.sample(sample);
    for (const histogram of histograms) content.bytesField(3, histogram);
    for (const exemplar of exemplars) {
      part.reset();
      this.labelRefs(part, exemplar.labels);
      this.valueAndTime(exemplar, { value: 2, timestamp: 3 });
      content.bytesField(4, part.bytes());
    }
    if (metadata !== undefined) this.metadata(metadata);
    this.series.bytesField(5, content.bytes());
  }
}

/**
 * A Remote Write 2.0 request as protobuf, not compressed. Labels are written in the order given: sort them bytewise.
 * A request without series is the empty body, which asks a receiver whether it speaks this version.
 *
 * Source: prometheus/prompb/io/prometheus/write/v2 `types.proto`.
 */
export function encodeWriteRequestV2(request: WriteRequestV2): Buffer {
  if (request.timeseries.length === 0) return Buffer.alloc(0);
  const encoder = new RequestEncoderV2();
  for (const series of request.timeseries) encoder.add(series);
  const out = new WireWriter(encoder.symbols.fields.size + encoder.series.size);
  out.raw(encoder.symbols.fields.bytes());
  out.raw(encoder.series.bytes());
  return out.bytes();
}
