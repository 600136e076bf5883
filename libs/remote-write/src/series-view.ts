import { HistogramReader } from './histogram-check';
import { malformed, WireCursor } from './wire-cursor';

const numbersPerLabel = 6;

/** Where a label lies in the request. */
export interface LabelOffsets {
  /** The whole field, from its tag; both 0 where a label is no field of its own (Remote Write 2.0). */
  readonly start: number;
  readonly end: number;
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * What one series holds, as offsets into the scanned bytes. One object is filled anew for every series, so that
 * scanning allocates nothing; keep none of it beyond the visit. Both versions of Remote Write fill the same view.
 */
export abstract class SeriesView {
  /** Labels in the series; only the first `labelCapacity` have offsets. */
  labelCount = 0;
  sampleCount = 0;
  histogramCount = 0;
  exemplarCount = 0;
  /** The series describes its metric: `MetricMetadata` of Remote Write 2.0. */
  hasMetadata = false;
  /** One of the native histograms contradicts itself. */
  hasInvalidHistogram = false;
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
  protected readonly cursor: WireCursor;
  private readonly histogram: HistogramReader;

  constructor(
    readonly bytes: Uint8Array,
    readonly labelCapacity: number,
  ) {
    this.offsets = new Array<number>(labelCapacity * numbersPerLabel).fill(0);
    this.cursor = new WireCursor(bytes);
    this.view = this.cursor.view;
    this.histogram = new HistogramReader(this.cursor);
  }

  /** Remote Write 2.0 forbids that; in 1.0 stores take it. */
  get mixesSamplesAndHistograms(): boolean {
    return false;
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

  /** Begins a series whose content is `[start, end)`; the cursor stands at its first field. */
  protected begin(fieldStart: number, start: number, end: number): void {
    this.fieldStart = fieldStart;
    this.start = start;
    this.end = end;
    this.labelCount = 0;
    this.sampleCount = 0;
    this.histogramCount = 0;
    this.exemplarCount = 0;
    this.hasMetadata = false;
    this.hasInvalidHistogram = false;
    this.minTimestampMs = Infinity;
    this.maxTimestampMs = -Infinity;
    this.cursor.position = start;
    this.cursor.end = end;
  }

  protected keepLabel(label: LabelOffsets): void {
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

  protected readSample(): void {
    this.sampleCount += 1;
    this.readTimed(1, 2);
  }

  protected readExemplar(): void {
    this.exemplarCount += 1;
    this.readTimed(2, 3);
  }

  protected readHistogram(): void {
    this.histogramCount += 1;
    const { cursor, histogram } = this;
    if (!histogram.read(cursor.lengthEnd())) this.hasInvalidHistogram = true;
    this.noteTimestamp(histogram.timestampMs);
  }

  /** Reads a sample or exemplar: its timestamp is noted, its value only stepped over. */
  private readTimed(valueField: number, timestampField: number): void {
    const { cursor } = this;
    const end = cursor.lengthEnd();
    let timestampMs = 0;
    cursor.end = end;
    while (cursor.position < end) {
      const tag = cursor.tag();
      if (tag === valueField * 8 + 1) cursor.skipFixed64();
      else if (tag === timestampField * 8) timestampMs = cursor.int64();
      else this.readOtherField(tag, valueField === 2);
    }
    cursor.end = this.end;
    this.noteTimestamp(timestampMs);
  }

  /** A field of a sample or exemplar that is neither its value nor its timestamp. */
  private readOtherField(tag: number, inExemplar: boolean): void {
    const fieldNumber = tag >>> 3;
    if (inExemplar && fieldNumber === 1) this.readExemplarLabel(tag);
    // Field 3 of a sample is the start timestamp of Remote Write 2.0.
    else if (inExemplar ? fieldNumber <= 3 : fieldNumber <= 2)
      throw malformed('a value or timestamp has another wire type');
    else this.cursor.skip(tag);
  }

  /** Reads a label of an exemplar, or a part of them: it is checked for its form and not kept. */
  protected abstract readExemplarLabel(tag: number): void;

  private noteTimestamp(timestampMs: number): void {
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
