import { SeriesView } from './series-view';
import { malformed } from './wire-cursor';

const labelTag = 0x0a; // field 1, length-delimited
const sampleTag = 0x12; // field 2
const exemplarTag = 0x1a; // field 3
const histogramTag = 0x22; // field 4
const labelNameTag = 0x0a;
const labelValueTag = 0x12;

/** A series of Remote Write 1.0. */
export class SeriesViewV1 extends SeriesView {
  /** Reads the series whose content is `[start, end)`. */
  read(fieldStart: number, start: number, end: number): void {
    this.begin(fieldStart, start, end);
    const { cursor } = this;
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
        this.readSample();
        return;
      case exemplarTag:
        this.readExemplar();
        return;
      case histogramTag:
        this.readHistogram();
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

  protected readExemplarLabel(tag: number): void {
    if (tag !== labelTag) throw malformed('a label of an exemplar has another wire type');
    const { cursor } = this;
    const outerEnd = cursor.end;
    const end = cursor.lengthEnd();
    cursor.end = end;
    while (cursor.position < end) {
      const labelFieldTag = cursor.tag();
      if (labelFieldTag >>> 3 <= 2 && (labelFieldTag & 7) !== 2)
        throw malformed('a field of a label has another wire type');
      cursor.skip(labelFieldTag);
    }
    cursor.end = outerEnd;
  }
}
