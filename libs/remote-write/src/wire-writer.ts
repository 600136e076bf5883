const initialBytes = 1024;
// Fewer bytes are copied faster one by one than by a call that needs a view of them.
const maxLoopBytes = 48;
const maxKeptBytes = 8 * 1024 * 1024;

/** Wire types of protobuf that this schema uses. */
export const wireType = { varint: 0, fixed64: 1, lengthDelimited: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** A growing buffer of protobuf fields. */
export class WireWriter {
  private buffer: Buffer;
  private view: DataView;
  private length = 0;

  constructor(sizeHint: number = initialBytes) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(sizeHint, initialBytes));
    this.view = new DataView(this.buffer.buffer);
  }

  /** Bytes written so far. */
  get size(): number {
    return this.length;
  }

  /** A view of the bytes written so far; valid until the next write or reset. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Forgets what was written; keeps the memory unless it has become large. */
  reset(): void {
    this.length = 0;
    if (this.buffer.length > maxKeptBytes) this.replaceBuffer(Buffer.allocUnsafeSlow(initialBytes));
  }

  private replaceBuffer(buffer: Buffer): void {
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer);
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.replaceBuffer(grown);
  }

  /** A varint of a whole number from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(10);
    if (value < 0x80) {
      this.buffer[this.length++] = value;
      return;
    }
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.length++] = rest;
  }

  /** A varint of a signed 64-bit number, in two's complement as protobuf's int64. */
  int64(value: number): void {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      this.varint(value);
      return;
    }
    this.reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.buffer[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.buffer[this.length++] = Number(rest);
  }

  tag(fieldNumber: number, type: number): void {
    this.varint(fieldNumber * 8 + type);
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Eight bytes, little-endian: a double whose bits must not be touched. */
  bits64(bits: bigint): void {
    this.reserve(8);
    this.view.setBigUint64(this.length, bits, true);
    this.length += 8;
  }

  /** Bytes as they are, without tag or length. */
  raw(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const count = end - start;
    this.reserve(count);
    if (count <= maxLoopBytes) {
      const { buffer } = this;
      let to = this.length;
      for (let from = start; from < end; from += 1) buffer[to++] = bytes[from] ?? 0;
      this.length = to;
      return;
    }
    this.buffer.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.length);
    this.length += count;
  }

  /** A length-delimited field of bytes. */
  bytesField(fieldNumber: number, bytes: Uint8Array): void {
    this.tag(fieldNumber, wireType.lengthDelimited);
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** A length-delimited field of text. */
  textField(fieldNumber: number, text: string): void {
    const byteLength = Buffer.byteLength(text);
    this.tag(fieldNumber, wireType.lengthDelimited);
    this.varint(byteLength);
    this.reserve(byteLength);
    this.buffer.write(text, this.length, 'utf8');
    this.length += byteLength;
  }
}
