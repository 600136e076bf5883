import { MessageReader, readBytes, readText, readTimestamp, readValue, type Mutable } from './message-reader';
import { WireCursor } from './wire-cursor';
import {
  metricTypes,
  type Exemplar,
  type Label,
  type MetricMetadata,
  type Sample,
  type TimeSeries,
  type WriteRequest,
} from './write-request';

function createReaders(): MessageReader<{ timeseries: TimeSeries[]; metadata: MetricMetadata[] }> {
  const label = new MessageReader<Mutable<Label>>(() => ({ name: '', value: '' }), {
    0x0a: (target, cursor) => (target.name = readText(cursor)),
    0x12: (target, cursor) => (target.value = readText(cursor)),
  });
  const sample = new MessageReader<Mutable<Sample>>(() => ({ value: 0, timestampMs: 0 }), {
    0x09: readValue,
    0x10: readTimestamp,
  });
  const exemplar = new MessageReader<Mutable<Exemplar> & { labels: Label[] }>(
    () => ({ labels: [], value: 0, timestampMs: 0 }),
    {
      0x0a: (target, cursor) => target.labels.push(label.read(cursor)),
      0x11: readValue,
      0x18: readTimestamp,
    },
  );
  const series = new MessageReader<{
    labels: Label[];
    samples: Sample[];
    exemplars?: Exemplar[];
    histograms?: Uint8Array[];
  }>(() => ({ labels: [], samples: [] }), {
    0x0a: (target, cursor) => target.labels.push(label.read(cursor)),
    0x12: (target, cursor) => target.samples.push(sample.read(cursor)),
    0x1a: (target, cursor) => (target.exemplars ??= []).push(exemplar.read(cursor)),
    0x22: (target, cursor) => (target.histograms ??= []).push(readBytes(cursor)),
  });
  const metadata = new MessageReader<Mutable<MetricMetadata>>(
    () => ({ type: 'unknown', metricFamilyName: '', help: '', unit: '' }),
    {
      0x08: (target, cursor) => (target.type = metricTypes[cursor.varint()] ?? 'unknown'),
      0x12: (target, cursor) => (target.metricFamilyName = readText(cursor)),
      0x22: (target, cursor) => (target.help = readText(cursor)),
      0x2a: (target, cursor) => (target.unit = readText(cursor)),
    },
  );
  return new MessageReader<{ timeseries: TimeSeries[]; metadata: MetricMetadata[] }>(
    () => ({ timeseries: [], metadata: [] }),
    {
      0x0a: (target, cursor) => target.timeseries.push(series.read(cursor)),
      0x1a: (target, cursor) => target.metadata.push(metadata.read(cursor)),
    },
  );
}

/**
 * The objects of an uncompressed Remote Write 1.0 request. For tests, translation and small bodies: the gateway's hot
 * path scans instead. Every NaN keeps its bits in `valueBits`; invalid UTF-8 becomes U+FFFD.
 *
 * @throws protobuf-malformed
 */
export function decodeWriteRequest(bytes: Uint8Array): WriteRequest {
  const { timeseries, metadata } = createReaders().readTo(new WireCursor(bytes), bytes.length);
  return metadata.length === 0 ? { timeseries } : { timeseries, metadata };
}
