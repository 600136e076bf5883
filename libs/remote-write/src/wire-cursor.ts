import { AppError } from '@cloudtuner/errors';
import { wireType } from './wire-writer';

// protobuf: field numbers go up to 2^29 - 1. A larger tag must not be cut down to a smaller one, as some decoders do:
// what one reader takes for a label, the next must not take for an unknown field.
const maxTag = 2 ** 32 - 1;
// Tags and lengths have 32 bits. Readers do not agree on longer forms of them, which no writer makes.
const maxPrefixBytes = 5;
// Deeper groups than this occur in attacks only.
const maxGroupDepth = 64;

/** The error of a body that no reader of this schema can make sense of. */
export function malformed(what: string): AppError {
  return new AppError(
    'protobuf-malformed',
    `The decoded body is not a Remote Write request of its Content-Type: ${what}.`,
  );
}

/** A position in protobuf bytes. Every read is checked against `end`; nothing is copied. */
export class WireCursor {
  position: number;
  end: number;
  /** The same bytes; reading through a view measured more than twice as fast as through the typed array. */
  readonly view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    start = 0,
    end: number = bytes.length,
  ) {
    this.position = start;
    this.end = end;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * An unsigned 64-bit varint as the nearest double; exact to 2^53.
   *
   * @throws protobuf-malformed when it is cut off or longer than 64 bits.
   */
  varint(): number {
    const { view, end } = this;
    let position = this.position;
    // Nearly every tag and length is one byte.
    if (position < end) {
      const first = view.getUint8(position);
      if (first < 0x80) {
        this.position = position + 1;
        return first;
      }
    }
    let result = 0;
    let scale = 1;
    for (let length = 1; length <= 10; length += 1) {
      if (position >= end) throw malformed('a number is cut off');
      const byte = view.getUint8(position++);
      // The tenth byte holds bit 63 alone.
      if (length === 10 && byte > 1) break;
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.position = position;
        return result;
      }
      scale *= 128;
    }
    throw malformed('a number has more than 64 bits');
  }

  /** A signed 64-bit varint (two's complement) as the nearest double. */
  int64(): number {
    const start = this.position;
    const unsigned = this.varint();
    // Only the ten-byte form with its last bit set is negative.
    if (this.position - start < 10 || this.view.getUint8(this.position - 1) !== 1) return unsigned;
    let bits = 0n;
    for (let index = 9; index >= 0; index -= 1) {
      bits = (bits << 7n) | BigInt(this.view.getUint8(start + index) & 0x7f);
    }
    return Number(BigInt.asIntN(64, bits));
  }

  /** An unsigned 64-bit varint, exact. */
  uint64(): bigint {
    const start = this.position;
    const nearest = this.varint();
    if (nearest <= Number.MAX_SAFE_INTEGER) return BigInt(nearest);
    let bits = 0n;
    for (let index = this.position - 1; index >= start; index -= 1) {
      bits = (bits << 7n) | BigInt(this.view.getUint8(index) & 0x7f);
    }
    return bits;
  }

  /** The low 32 bits of a varint: what a 32-bit field holds, however long its number is. */
  low32(): number {
    const start = this.position;
    const nearest = this.varint();
    if (nearest < 2 ** 32) return nearest;
    this.position = start;
    return Number(this.uint64() & 0xffffffffn);
  }

  /** A fixed 64-bit floating-point number. */
  double(): number {
    const start = this.position;
    this.advance(8);
    return this.view.getFloat64(start, true);
  }

  /** A tag; its field number is never 0. */
  tag(): number {
    const start = this.position;
    const tag = this.varint();
    if (this.position - start > maxPrefixBytes) throw malformed('a tag is longer than five bytes');
    if (tag < 8 || tag > maxTag) throw malformed('a field number is out of range');
    return tag;
  }

  /** Reads a length and returns the end of what it covers, which lies within the message. */
  lengthEnd(): number {
    const start = this.position;
    const length = this.varint();
    if (this.position - start > maxPrefixBytes) throw malformed('a length is longer than five bytes');
    const end = this.position + length;
    if (end > this.end) throw malformed('a length goes past the end');
    return end;
  }

  private advance(count: number): void {
    if (count > this.end - this.position) throw malformed('a field is cut off');
    this.position += count;
  }

  /** Skips the value of an unknown field: iteratively, so that nested groups cannot exhaust the stack. */
  skip(tag: number): void {
    const openGroups: number[] = [];
    let current = tag;
    for (;;) {
      const fieldNumber = current >>> 3;
      switch (current & 7) {
        case wireType.varint:
          this.varint();
          break;
        case wireType.fixed64:
          this.advance(8);
          break;
        case wireType.lengthDelimited:
          this.position = this.lengthEnd();
          break;
        case wireType.startGroup:
          if (openGroups.push(fieldNumber) > maxGroupDepth) throw malformed('groups are nested too deep');
          break;
        case wireType.endGroup:
          if (openGroups.pop() !== fieldNumber) throw malformed('a group ends that was not open');
          break;
        case wireType.fixed32:
          this.advance(4);
          break;
        default:
          throw malformed('a wire type does not exist');
      }
      if (openGroups.length === 0) return;
      current = this.tag();
    }
  }

  /** Moves past a fixed 64-bit value. */
  skipFixed64(): void {
    this.advance(8);
  }
}
