import { malformed, WireCursor } from './wire-cursor';

const numbersPerLabel = 6;
const labelTag = 0x0a; // field 1, length-delimited
const sampleTag = 0x12; // field 2
const exemplarTag = 0x1a; // field 3
const histogramTag = 0x22; // field 4
const labelNameTag = 0x0a;
const labelValueTag = 0x12;
const histogramTimestampField = 15;

interface LabelOffsets {
  /** The whole field, from its tag. */
  readonly start: number;
  readonly end: number;
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * What one series holds, as offsets into the scanned bytes. One object is filled anew for every series, so that
 * scanning allocates nothing; keep none of it beyond the visit.
 */
export class SeriesView {
  /** Labels in the series; only the first `labelCapacity` have offsets. */
  labelCount = 0;
  sampleCount = 0;
  histogramCount = 0;
  exemplarCount = 0;
  /** The earliest and latest timestamps of samples, histograms and exemplars; ±Infinity when there are none. */
  minTimestampMs = Infinity;
  maxTimestampMs = -Infinity;
  /** Where the field begins in the request (its tag), and the bounds of its content. */
  fieldStart = 0;
  start = 0;
  end = 0;
  private readonly offsets: number[];
  /** The scanned bytes for fast reading. */
  readonly view: DataView;
  private readonly cursor: WireCursor;

  constructor(
    readonly bytes: Uint8Array,
    readonly labelCapacity: number,
  ) {
    this.offsets = new Array<number>(labelCapacity * numbersPerLabel).fill(0);
    this.cursor = new WireCursor(bytes);
    this.view = this.cursor.view;
  }

  private offset(label: number, which: number): number {
    return this.offsets[label * numbersPerLabel + which] ?? 0;
  }

  /** Where the label's field begins (its tag). */
  labelStart(label: number): number {
    return this.offset(label, 0);
  }

  /** Where the label's field ends. */
  labelEnd(label: number): number {
    return this.offset(label, 1);
  }

  nameStart(label: number): number {
    return this.offset(label, 2);
  }

  nameEnd(label: number): number {
    return this.offset(label, 3);
  }

  valueStart(label: number): number {
    return this.offset(label, 4);
  }

  valueEnd(label: number): number {
    return this.offset(label, 5);
  }

  /** The name as text; for error texts and slow paths. */
  labelName(label: number): string {
    return Buffer.from(this.bytes.subarray(this.nameStart(label), this.nameEnd(label))).toString('utf8');
  }

  /** The value as text; for error texts and slow paths. */
  labelValue(label: number): string {
    return Buffer.from(this.bytes.subarray(this.valueStart(label), this.valueEnd(label))).toString('utf8');
  }

  /** Reads the series whose content is `[start, end)`. */
  read(fieldStart: number, start: number, end: number): void {
    this.fieldStart = fieldStart;
    this.start = start;
    this.end = end;
    this.labelCount = 0;
    this.sampleCount = 0;
    this.histogramCount = 0;
    this.exemplarCount = 0;
    this.minTimestampMs = Infinity;
    this.maxTimestampMs = -Infinity;
    const { cursor } = this;
    cursor.position = start;
    cursor.end = end;
    this.readUsualLabels();
    while (cursor.position < end) this.readField(end);
  }

  /**
   * Reads labels in the form every sender writes: one name, then one value, each shorter than 128 bytes. Stops at
   * the first byte that is something else, which `readField` then reads by all rules.
   */
  private readUsualLabels(): void {
    const { cursor, end } = this;
    const { view } = cursor;
    let at = cursor.position;
    while (at + 6 <= end && view.getUint8(at) === labelTag && view.getUint8(at + 2) === labelNameTag) {
      const contentBytes = view.getUint8(at + 1);
      const nameBytes = view.getUint8(at + 3);
      const nameEnd = at + 4 + nameBytes;
      if (contentBytes >= 0x80 || nameBytes >= 0x80 || nameEnd + 2 > end) break;
      const valueBytes = view.getUint8(nameEnd + 1);
      if (view.getUint8(nameEnd) !== labelValueTag || valueBytes >= 0x80) break;
      const valueEnd = nameEnd + 2 + valueBytes;
      if (valueEnd !== at + 2 + contentBytes || valueEnd > end) break;
      this.keepLabel({ start: at, end: valueEnd, nameStart: at + 4, nameEnd, valueStart: nameEnd + 2, valueEnd });
      at = valueEnd;
    }
    cursor.position = at;
  }

  private readField(seriesEnd: number): void {
    const { cursor } = this;
    const fieldStart = cursor.position;
    const tag = cursor.tag();
    switch (tag) {
      case labelTag:
        this.readLabel(fieldStart, seriesEnd);
        return;
      case sampleTag:
        this.sampleCount += 1;
        this.readTimed(1, 2, seriesEnd);
        return;
      case exemplarTag:
        this.exemplarCount += 1;
        this.readTimed(2, 3, seriesEnd);
        return;
      case histogramTag:
        this.histogramCount += 1;
        this.readTimed(0, histogramTimestampField, seriesEnd);
        return;
      default:
        if (tag >>> 3 <= 4) throw malformed('a field of a series has another wire type');
        cursor.skip(tag);
    }
  }

  private readLabel(fieldStart: number, seriesEnd: number): void {
    const { cursor } = this;
    const end = cursor.lengthEnd();
    // A field that is absent is the empty text; of a repeated one the last counts, as in every protobuf reader.
    let nameStart = end;
    let nameEnd = end;
    let valueStart = end;
    let valueEnd = end;
    cursor.end = end;
    while (cursor.position < end) {
      const tag = cursor.tag();
      if (tag === labelNameTag) {
        nameEnd = cursor.lengthEnd();
        nameStart = cursor.position;
        cursor.position = nameEnd;
      } else if (tag === labelValueTag) {
        valueEnd = cursor.lengthEnd();
        valueStart = cursor.position;
        cursor.position = valueEnd;
      } else {
        if (tag >>> 3 <= 2) throw malformed('a field of a label has another wire type');
        cursor.skip(tag);
      }
    }
    cursor.end = seriesEnd;
    this.keepLabel({ start: fieldStart, end, nameStart, nameEnd, valueStart, valueEnd });
  }

  private keepLabel(label: LabelOffsets): void {
    const index = this.labelCount++;
    if (index >= this.labelCapacity) return;
    const { offsets } = this;
    const at = index * numbersPerLabel;
    offsets[at] = label.start;
    offsets[at + 1] = label.end;
    offsets[at + 2] = label.nameStart;
    offsets[at + 3] = label.nameEnd;
    offsets[at + 4] = label.valueStart;
    offsets[at + 5] = label.valueEnd;
  }

  /** Reads a sample, exemplar or histogram: its timestamp is noted, its value only stepped over. */
  private readTimed(valueField: number, timestampField: number, seriesEnd: number): void {
    const { cursor } = this;
    const end = cursor.lengthEnd();
    let timestampMs = 0;
    cursor.end = end;
    while (cursor.position < end) {
      const tag = cursor.tag();
      if (tag === valueField * 8 + 1) cursor.skipFixed64();
      else if (tag === timestampField * 8) timestampMs = cursor.int64();
      else {
        const fieldNumber = tag >>> 3;
        if (fieldNumber === valueField || fieldNumber === timestampField) {
          throw malformed('a value or timestamp has another wire type');
        }
        cursor.skip(tag);
      }
    }
    cursor.end = seriesEnd;
    if (timestampMs < this.minTimestampMs) this.minTimestampMs = timestampMs;
    if (timestampMs > this.maxTimestampMs) this.maxTimestampMs = timestampMs;
  }

  /** The metric name as text, or undefined; for error texts. */
  metricName(): string | undefined {
    for (let label = 0; label < Math.min(this.labelCount, this.labelCapacity); label += 1) {
      if (this.labelName(label) === '__name__') return this.labelValue(label);
    }
    return undefined;
  }

  /** Order of two label names by their bytes, as Prometheus sorts them: below, at or above 0. */
  compareNames(a: number, b: number): number {
    const { view } = this;
    const aStart = this.nameStart(a);
    const aEnd = this.nameEnd(a);
    const bStart = this.nameStart(b);
    const bEnd = this.nameEnd(b);
    const shared = Math.min(aEnd - aStart, bEnd - bStart);
    for (let index = 0; index < shared; index += 1) {
      const difference = view.getUint8(aStart + index) - view.getUint8(bStart + index);
      if (difference !== 0) return difference;
    }
    return aEnd - aStart - (bEnd - bStart);
  }
}
