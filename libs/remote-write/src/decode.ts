import { malformed, WireCursor } from './wire-cursor';
import {
  metricTypes,
  type Exemplar,
  type Label,
  type MetricMetadata,
  type Sample,
  type TimeSeries,
  type WriteRequest,
} from './write-request';

/** Handlers by tag; a field number that is known with another wire type is an error, other fields are skipped. */
type FieldReaders = ReadonlyMap<number, (cursor: WireCursor) => void>;

function readMessage(cursor: WireCursor, end: number, readers: FieldReaders, knownFields: ReadonlySet<number>): void {
  const outerEnd = cursor.end;
  cursor.end = end;
  while (cursor.position < end) {
    const tag = cursor.tag();
    const read = readers.get(tag);
    if (read !== undefined) read(cursor);
    else if (knownFields.has(tag >>> 3)) throw malformed('a field has another wire type');
    else cursor.skip(tag);
  }
  cursor.end = outerEnd;
}

function readText(cursor: WireCursor): string {
  const end = cursor.lengthEnd();
  const text = Buffer.from(cursor.bytes.subarray(cursor.position, end)).toString('utf8');
  cursor.position = end;
  return text;
}

function readBytes(cursor: WireCursor): Buffer {
  const end = cursor.lengthEnd();
  const bytes = Buffer.from(cursor.bytes.subarray(cursor.position, end));
  cursor.position = end;
  return bytes;
}

function fieldNumbers(readers: FieldReaders): ReadonlySet<number> {
  return new Set([...readers.keys()].map((tag) => tag >>> 3));
}

/** A decoder of one message type: it fills a fresh target for every message. */
class MessageReader<T extends object> {
  private target: T;
  private readonly readers: FieldReaders;
  private readonly knownFields: ReadonlySet<number>;

  constructor(
    private readonly empty: () => T,
    readers: Readonly<Record<number, (target: T, cursor: WireCursor) => void>>,
  ) {
    this.target = empty();
    this.readers = new Map(
      Object.entries(readers).map(([tag, read]) => [
        Number(tag),
        (cursor: WireCursor) => {
          read(this.target, cursor);
        },
      ]),
    );
    this.knownFields = fieldNumbers(this.readers);
  }

  /** Reads up to `end` of the cursor's bytes. */
  readTo(cursor: WireCursor, end: number): T {
    const target = this.empty();
    this.target = target;
    readMessage(cursor, end, this.readers, this.knownFields);
    return target;
  }

  /** Reads a length-delimited message. */
  read(cursor: WireCursor): T {
    return this.readTo(cursor, cursor.lengthEnd());
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readValue(target: Mutable<Sample>, cursor: WireCursor): void {
  const start = cursor.position;
  cursor.skipFixed64();
  const view = new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset + start, 8);
  target.value = view.getFloat64(0, true);
  if (Number.isNaN(target.value)) target.valueBits = view.getBigUint64(0, true);
  else delete target.valueBits;
}

function readTimestamp(target: Mutable<Sample>, cursor: WireCursor): void {
  target.timestampMs = cursor.int64();
}

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
