import { malformed, type WireCursor } from './wire-cursor';

// Field numbers of prometheus.Histogram, the same in both versions of Remote Write.
const countIntTag = 0x08;
const countFloatTag = 0x11;
const sumTag = 0x19;
const schemaTag = 0x20;
const zeroThresholdTag = 0x29;
const zeroCountIntTag = 0x30;
const zeroCountFloatTag = 0x39;
const negativeSpansField = 8;
const negativeDeltasField = 9;
const negativeCountsField = 10;
const positiveSpansField = 11;
const positiveDeltasField = 12;
const positiveCountsField = 13;
const resetHintField = 14;
const timestampTag = 0x78;
const timestampField = 15;
const customValuesField = 16;

const customBucketsSchema = -53;
const minExponentialSchema = -4;
const maxExponentialSchema = 8;

/** The spans, bucket deltas (integer histograms) and bucket counts (float histograms) of one sign. */
class Side {
  spanBuckets = 0;
  spanCount = 0;
  /** Sum of offsets and lengths: how many buckets the spans reach over. */
  reach = 0;
  /** The first span begins below bucket 0. */
  beginsBelowZero = false;
  /** A span that is not the first goes back. */
  goesBack = false;
  readonly deltas: bigint[] = [];
  readonly counts: number[] = [];

  reset(): void {
    this.spanBuckets = 0;
    this.spanCount = 0;
    this.reach = 0;
    this.beginsBelowZero = false;
    this.goesBack = false;
    this.deltas.length = 0;
    this.counts.length = 0;
  }

  addSpan(offset: number, length: number): void {
    if (offset < 0) {
      if (this.spanCount === 0) this.beginsBelowZero = true;
      else this.goesBack = true;
    }
    this.spanCount += 1;
    this.spanBuckets += length;
    this.reach += offset + length;
  }
}

/** The sum of the buckets of an integer histogram, or undefined when one of them is negative. Wraps as the stores do. */
function sumOfDeltas(deltas: readonly bigint[]): bigint | undefined {
  let bucket = 0n;
  let sum = 0n;
  for (const delta of deltas) {
    bucket = BigInt.asIntN(64, bucket + delta);
    if (bucket < 0n) return undefined;
    sum += bucket;
  }
  return BigInt.asUintN(64, sum);
}

function boundsAscend(bounds: readonly number[]): boolean {
  let previous = -Infinity;
  for (const [index, bound] of bounds.entries()) {
    if (Number.isNaN(bound) || (index > 0 && bound <= previous)) return false;
    previous = bound;
  }
  return previous !== Infinity;
}

/**
 * Reads native histograms and says whether a store would take them. One reader serves all histograms of a request.
 *
 * Source: `Validate` of Histogram and FloatHistogram in prometheus/model/histogram.
 */
export class HistogramReader {
  /** Of the last histogram, in milliseconds; 0 when it has none. */
  timestampMs = 0;
  private isFloat = false;
  private count = 0n;
  private countFloat = 0;
  private zeroCount = 0n;
  private zeroCountFloat = 0;
  private zeroThreshold = 0;
  private sum = 0;
  private schema = 0;
  private readonly negative = new Side();
  private readonly positive = new Side();
  private readonly customValues: number[] = [];

  constructor(private readonly cursor: WireCursor) {}

  /**
   * Reads the message from the cursor's position to `end` and returns whether it is consistent.
   *
   * @throws protobuf-malformed
   */
  read(end: number): boolean {
    const { cursor } = this;
    const outerEnd = cursor.end;
    this.reset();
    cursor.end = end;
    while (cursor.position < end) this.readField(cursor.tag());
    cursor.end = outerEnd;
    return this.isConsistent();
  }

  private reset(): void {
    this.timestampMs = 0;
    this.isFloat = false;
    this.count = 0n;
    this.countFloat = 0;
    this.zeroCount = 0n;
    this.zeroCountFloat = 0;
    this.zeroThreshold = 0;
    this.sum = 0;
    this.schema = 0;
    this.negative.reset();
    this.positive.reset();
    this.customValues.length = 0;
  }

  private readField(tag: number): void {
    const { cursor } = this;
    switch (tag) {
      // Of the two forms of a count the last one in the message holds.
      case countIntTag:
        this.isFloat = false;
        this.count = cursor.uint64();
        return;
      case countFloatTag:
        this.isFloat = true;
        this.countFloat = cursor.double();
        return;
      case sumTag:
        this.sum = cursor.double();
        return;
      case schemaTag:
        this.schema = zigzag32(cursor.low32());
        return;
      case zeroThresholdTag:
        this.zeroThreshold = cursor.double();
        return;
      case zeroCountIntTag:
        this.zeroCount = cursor.uint64();
        this.zeroCountFloat = 0;
        return;
      case zeroCountFloatTag:
        this.zeroCountFloat = cursor.double();
        this.zeroCount = 0n;
        return;
      case timestampTag:
        this.timestampMs = cursor.int64();
        return;
      default:
        this.readRepeated(tag);
    }
  }

  private readRepeated(tag: number): void {
    const { cursor } = this;
    switch (tag >>> 3) {
      case negativeSpansField:
        this.readSpan(tag, this.negative);
        return;
      case positiveSpansField:
        this.readSpan(tag, this.positive);
        return;
      case negativeDeltasField:
        this.readDeltas(tag, this.negative.deltas);
        return;
      case positiveDeltasField:
        this.readDeltas(tag, this.positive.deltas);
        return;
      case negativeCountsField:
        this.readDoubles(tag, this.negative.counts);
        return;
      case positiveCountsField:
        this.readDoubles(tag, this.positive.counts);
        return;
      case customValuesField:
        this.readDoubles(tag, this.customValues);
        return;
      default:
        if (tag >>> 3 <= timestampField && tag !== resetHintField * 8) throw wrongWireType();
        cursor.skip(tag);
    }
  }

  private readSpan(tag: number, side: Side): void {
    if ((tag & 7) !== 2) throw wrongWireType();
    const { cursor } = this;
    const outerEnd = cursor.end;
    const end = cursor.lengthEnd();
    let offset = 0;
    let length = 0;
    cursor.end = end;
    while (cursor.position < end) {
      const spanTag = cursor.tag();
      if (spanTag === 0x08) offset = zigzag32(cursor.low32());
      else if (spanTag === 0x10) length = cursor.low32();
      else if (spanTag >>> 3 <= 2) throw wrongWireType();
      else cursor.skip(spanTag);
    }
    cursor.end = outerEnd;
    side.addSpan(offset, length);
  }

  private readDeltas(tag: number, into: bigint[]): void {
    const { cursor } = this;
    if ((tag & 7) === 0) into.push(zigzag64(cursor.uint64()));
    else if ((tag & 7) === 2) {
      const end = cursor.lengthEnd();
      while (cursor.position < end) into.push(zigzag64(cursor.uint64()));
      if (cursor.position > end) throw malformed('a list goes past its end');
    } else throw wrongWireType();
  }

  private readDoubles(tag: number, into: number[]): void {
    const { cursor } = this;
    if ((tag & 7) === 1) into.push(cursor.double());
    else if ((tag & 7) === 2) {
      const end = cursor.lengthEnd();
      while (cursor.position < end) into.push(cursor.double());
      if (cursor.position > end) throw malformed('a list goes past its end');
    } else throw wrongWireType();
  }

  private isConsistent(): boolean {
    if (!this.spansFit()) return false;
    return this.isFloat ? this.floatCountsFit() : this.integerCountsFit();
  }

  private spansFit(): boolean {
    const { negative, positive, customValues, schema } = this;
    const buckets = (side: Side): number => (this.isFloat ? side.counts.length : side.deltas.length);
    if (positive.goesBack || positive.spanBuckets !== buckets(positive)) return false;
    if (schema === customBucketsSchema) {
      const zero = this.isFloat ? this.zeroCountFloat : this.zeroCount;
      if (zero !== 0 && zero !== 0n) return false;
      if (this.zeroThreshold !== 0 || negative.spanCount > 0 || buckets(negative) > 0) return false;
      return !positive.beginsBelowZero && boundsAscend(customValues) && positive.reach <= customValues.length + 1;
    }
    if (schema < minExponentialSchema || schema > maxExponentialSchema || customValues.length > 0) return false;
    return !negative.goesBack && negative.spanBuckets === buckets(negative);
  }

  private integerCountsFit(): boolean {
    const negative = sumOfDeltas(this.negative.deltas);
    const positive = sumOfDeltas(this.positive.deltas);
    if (negative === undefined || positive === undefined) return false;
    const observed = BigInt.asUintN(64, negative + positive + this.zeroCount);
    // NaN observations are in no bucket, and make the sum NaN.
    return Number.isNaN(this.sum) ? observed <= this.count : observed === this.count;
  }

  private floatCountsFit(): boolean {
    if (this.countFloat < 0 || this.zeroCountFloat < 0) return false;
    return [this.negative, this.positive].every(({ counts }) => !counts.some((count) => count < 0));
  }
}

function zigzag32(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

function zigzag64(value: bigint): bigint {
  return (value >> 1n) ^ -(value & 1n);
}

function wrongWireType() {
  return malformed('a field of a histogram has another wire type');
}
