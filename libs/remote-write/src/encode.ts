import { WireWriter, wireType } from './wire-writer';
import {
  metricTypes,
  type Exemplar,
  type Label,
  type MetricMetadata,
  type Sample,
  type TimeSeries,
  type WriteRequest,
} from './write-request';

function writeValueAndTime(out: WireWriter, sample: Sample, fields: { value: number; timestamp: number }): void {
  out.tag(fields.value, wireType.fixed64);
  if (sample.valueBits === undefined) out.double(sample.value);
  else out.bits64(sample.valueBits);
  out.tag(fields.timestamp, wireType.varint);
  out.int64(sample.timestampMs);
}

/** Writes nested messages: each depth has one scratch buffer, reused for every message of that depth. */
class RequestEncoder {
  private readonly seriesScratch = new WireWriter();
  private readonly partScratch = new WireWriter();
  private readonly labelScratch = new WireWriter(256);

  constructor(private readonly out: WireWriter) {}

  private label(target: WireWriter, label: Label): void {
    const scratch = this.labelScratch;
    scratch.reset();
    scratch.textField(1, label.name);
    scratch.textField(2, label.value);
    target.bytesField(1, scratch.bytes());
  }

  private exemplar(exemplar: Exemplar): void {
    const part = this.partScratch;
    part.reset();
    for (const label of exemplar.labels) this.label(part, label);
    writeValueAndTime(part, exemplar, { value: 2, timestamp: 3 });
    this.seriesScratch.bytesField(3, part.bytes());
  }

  series(series: TimeSeries): void {
    const { seriesScratch, partScratch } = this;
    seriesScratch.reset();
    for (const label of series.labels) this.label(seriesScratch, label);
    for (const sample of series.samples) {
      partScratch.reset();
      writeValueAndTime(partScratch, sample, { value: 1, timestamp: 2 });
      seriesScratch.bytesField(2, partScratch.bytes());
    }
    for (const exemplar of series.exemplars ?? []) this.exemplar(exemplar);
    for (const histogram of series.histograms ?? []) seriesScratch.bytesField(4, histogram);
    this.out.bytesField(1, seriesScratch.bytes());
  }

  metadata(metadata: MetricMetadata): void {
    const part = this.partScratch;
    part.reset();
    part.tag(1, wireType.varint);
    part.varint(metricTypes.indexOf(metadata.type));
    part.textField(2, metadata.metricFamilyName);
    part.textField(4, metadata.help);
    part.textField(5, metadata.unit);
    this.out.bytesField(3, part.bytes());
  }
}

/**
 * A Remote Write 1.0 request as protobuf, not compressed. Labels are written in the order given: sort them bytewise.
 *
 * Source: prometheus/prompb `remote.proto` and `types.proto`.
 */
export function encodeWriteRequest(request: WriteRequest): Buffer {
  const out = new WireWriter(64 * 1024);
  const encoder = new RequestEncoder(out);
  for (const series of request.timeseries) encoder.series(series);
  for (const metadata of request.metadata ?? []) encoder.metadata(metadata);
  return out.bytes();
}
