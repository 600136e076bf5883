import { malformed, type WireCursor } from './wire-cursor';
import type { Sample } from './write-request';

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

export function readText(cursor: WireCursor): string {
  const end = cursor.lengthEnd();
  const text = Buffer.from(cursor.bytes.subarray(cursor.position, end)).toString('utf8');
  cursor.position = end;
  return text;
}

export function readBytes(cursor: WireCursor): Buffer {
  const end = cursor.lengthEnd();
  const bytes = Buffer.from(cursor.bytes.subarray(cursor.position, end));
  cursor.position = end;
  return bytes;
}

function fieldNumbers(readers: FieldReaders): ReadonlySet<number> {
  return new Set([...readers.keys()].map((tag) => tag >>> 3));
}

/** A decoder of one message type: it fills a fresh target for every message. */
export class MessageReader<T extends object> {
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

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads a double; a NaN keeps its bits. */
export function readValue(target: Mutable<Sample>, cursor: WireCursor): void {
  const start = cursor.position;
  cursor.skipFixed64();
  const view = new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset + start, 8);
  target.value = view.getFloat64(0, true);
  if (Number.isNaN(target.value)) target.valueBits = view.getBigUint64(0, true);
  else delete target.valueBits;
}

export function readTimestamp(target: Mutable<Sample>, cursor: WireCursor): void {
  target.timestampMs = cursor.int64();
}
