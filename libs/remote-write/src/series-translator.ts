import type { ReservedLabels } from './reserved-labels';
import { exemplarTag, histogramTag, labelRefsTag, labelRefTag, sampleTag, type SeriesViewV2 } from './series-view-v2';
import { storedLabels, toStoredLabel, type StoredLabel } from './stored-labels';
import { WireCursor } from './wire-cursor';
import { WireWriter, wireType } from './wire-writer';
import type { Label } from './write-request';

// prometheus.WriteRequest and prometheus.TimeSeries.
const seriesField = 1;
const metadataField = 3;
const labelField = 1;
const sampleField = 2;
const exemplarField = 3;
const histogramField = 4;
// Start timestamps (field 3 of a sample, 17 of a histogram) have no place in 1.0.
const lastSampleField = 2;
const lastHistogramField = 16;

const histogramType = 3;
const summaryType = 5;
// The series of a classic histogram or summary are named after their family, with one of these behind.
const partOfFamily = /_(?:bucket|count|sum|gcount|gsum)$/;

/** Writes series of Remote Write 2.0 as 1.0. Values, timestamps and histograms keep their bytes. */
export class SeriesTranslator {
  private readonly injected: StoredLabel | undefined;
  private readonly content = new WireWriter();
  private readonly part = new WireWriter();
  private readonly families = new Set<string>();
  private readonly metadata = new WireWriter();

  constructor(
    private readonly reserved: ReservedLabels,
    injectLabel: Label | undefined,
  ) {
    this.injected = injectLabel === undefined ? undefined : toStoredLabel(injectLabel);
  }

  /** Metric families described so far. */
  get familyCount(): number {
    return this.families.size;
  }

  /** The metadata of all series so far, as fields of the request. */
  get metadataFields(): Uint8Array {
    return this.metadata.bytes();
  }

  /** `asIs`: the labels need no change but the injected one. */
  translate(series: SeriesViewV2, asIs: boolean, out: WireWriter): void {
    this.content.reset();
    if (asIs && this.injected === undefined) this.writeOwnLabels(series);
    else {
      for (const { name, value } of storedLabels(series, this.reserved, this.injected)) this.writeLabel(name, value);
    }
    this.writeObservations(series);
    out.bytesField(seriesField, this.content.bytes());
    if (series.hasMetadata) this.noteMetadata(series);
  }

  private writeOwnLabels(series: SeriesViewV2): void {
    const { content } = this;
    const { bytes } = series;
    for (let label = 0; label < series.labelCount; label += 1) {
      const nameStart = series.nameStart(label);
      const nameEnd = series.nameEnd(label);
      const valueStart = series.valueStart(label);
      const valueEnd = series.valueEnd(label);
      writeLabelHead(content, nameEnd - nameStart, valueEnd - valueStart);
      content.raw(bytes, nameStart, nameEnd);
      content.tag(2, wireType.lengthDelimited);
      content.varint(valueEnd - valueStart);
      content.raw(bytes, valueStart, valueEnd);
    }
  }

  private writeLabel(name: Uint8Array, value: Uint8Array): void {
    writeLabelTo(this.content, { name, value });
  }

  private writeObservations(series: SeriesViewV2): void {
    const cursor = new WireCursor(series.bytes, series.start, series.end);
    while (cursor.position < series.end) {
      const tag = cursor.tag();
      if (tag === sampleTag) this.copyMessage(cursor, sampleField, lastSampleField);
      else if (tag === histogramTag) this.copyMessage(cursor, histogramField, lastHistogramField);
      else if (tag === exemplarTag) this.writeExemplar(cursor, series);
      else cursor.skip(tag);
    }
  }

  /** Copies the fields of a message that 1.0 knows, byte for byte. */
  private copyMessage(cursor: WireCursor, field: number, lastKnownField: number): void {
    const { part } = this;
    const outerEnd = cursor.end;
    const end = cursor.lengthEnd();
    part.reset();
    cursor.end = end;
    while (cursor.position < end) {
      const start = cursor.position;
      const tag = cursor.tag();
      cursor.skip(tag);
      if (tag >>> 3 <= lastKnownField) part.raw(cursor.bytes, start, cursor.position);
    }
    cursor.end = outerEnd;
    this.content.bytesField(field, part.bytes());
  }

  private writeExemplar(cursor: WireCursor, series: SeriesViewV2): void {
    const { part } = this;
    const outerEnd = cursor.end;
    const end = cursor.lengthEnd();
    const refs: number[] = [];
    part.reset();
    cursor.end = end;
    while (cursor.position < end) {
      const start = cursor.position;
      const tag = cursor.tag();
      if (tag === labelRefTag) refs.push(cursor.low32());
      else if (tag === labelRefsTag) {
        const refsEnd = cursor.lengthEnd();
        while (cursor.position < refsEnd) refs.push(cursor.low32());
      } else {
        cursor.skip(tag);
        // Value and timestamp have the same field numbers in both versions.
        if (tag >>> 3 <= 3) part.raw(cursor.bytes, start, cursor.position);
      }
    }
    cursor.end = outerEnd;
    for (let index = 0; index + 1 < refs.length; index += 2) {
      writeLabelTo(part, { name: symbolAt(series, refs[index]), value: symbolAt(series, refs[index + 1]) });
    }
    this.content.bytesField(exemplarField, part.bytes());
  }

  private noteMetadata(series: SeriesViewV2): void {
    const { metadataType } = series;
    const help = symbolAt(series, series.helpRef);
    const unit = symbolAt(series, series.unitRef);
    if (metadataType === 0 && help.length === 0 && unit.length === 0) return;
    const family = familyName(series);
    if (this.families.has(family)) return;
    this.families.add(family);
    const { part } = this;
    part.reset();
    part.tag(1, wireType.varint);
    part.varint(metadataType);
    part.textField(2, family);
    part.bytesField(4, help);
    part.bytesField(5, unit);
    this.metadata.bytesField(metadataField, part.bytes());
  }
}

function symbolAt({ bytes, symbols }: SeriesViewV2, ref = 0): Uint8Array {
  return bytes.subarray(symbols.start(ref), symbols.end(ref));
}

/** The family that the metadata of 1.0 is about: the metric's name, less what a part of a classic histogram adds. */
function familyName(series: SeriesViewV2): string {
  const name = series.metricName() ?? '';
  const { metadataType, histogramCount } = series;
  const hasParts = metadataType >= histogramType && metadataType <= summaryType && histogramCount === 0;
  return hasParts ? name.replace(partOfFamily, '') : name;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
  return size;
}

/** All of a label field before its name. */
function writeLabelHead(out: WireWriter, nameBytes: number, valueBytes: number): void {
  out.tag(labelField, wireType.lengthDelimited);
  out.varint(2 + varintSize(nameBytes) + nameBytes + varintSize(valueBytes) + valueBytes);
  out.tag(1, wireType.lengthDelimited);
  out.varint(nameBytes);
}

function writeLabelTo(out: WireWriter, { name, value }: StoredLabel): void {
  writeLabelHead(out, name.length, value.length);
  out.raw(name);
  out.bytesField(2, value);
}
