import type { ReservedLabels } from './reserved-labels';
import type { SeriesView } from './series-view';
import { sortedPlace, storedLabels, toStoredLabel, type StoredLabel } from './stored-labels';
import { WireWriter, wireType } from './wire-writer';
import type { Label } from './write-request';

const seriesField = 1;
const labelField = 1;

/** A label as a field of a series of Remote Write 1.0: tag, length, content. */
export function encodeLabel({ name, value }: StoredLabel): Buffer {
  const content = new WireWriter();
  content.bytesField(1, name);
  content.bytesField(2, value);
  const field = new WireWriter();
  field.bytesField(labelField, content.bytes());
  return field.bytes();
}

/** Writes changed series of 1.0. Labels are moved or added as encoded fields; all other bytes are copied. */
export class SeriesSplicer {
  private readonly injected: StoredLabel | undefined;
  private readonly injectedField: Uint8Array;

  constructor(
    private readonly reserved: ReservedLabels,
    injectLabel: Label | undefined,
  ) {
    this.injected = injectLabel === undefined ? undefined : toStoredLabel(injectLabel);
    this.injectedField = this.injected === undefined ? Buffer.alloc(0) : encodeLabel(this.injected);
  }

  /** A series whose labels are sorted, with the injected label at its place. */
  insert(series: SeriesView, out: WireWriter): void {
    const { injected, injectedField } = this;
    if (injected === undefined) throw new RangeError('there is no label to inject');
    const next = sortedPlace(series, injected.name);
    const place = next < series.labelCount ? series.labelStart(next) : series.labelEnd(series.labelCount - 1);
    out.tag(seriesField, wireType.lengthDelimited);
    out.varint(series.end - series.start + injectedField.length);
    out.raw(series.bytes, series.start, place);
    out.raw(injectedField);
    out.raw(series.bytes, place, series.end);
  }

  /** A series with its labels renamed where reserved, sorted, without empty values, and the injected label added. */
  rebuild(series: SeriesView, out: WireWriter): void {
    const fields = storedLabels(series, this.reserved, this.injected).map((label) => this.fieldOf(series, label));
    let length = series.end - series.start;
    for (let label = 0; label < series.labelCount; label += 1) {
      length -= series.labelEnd(label) - series.labelStart(label);
    }
    for (const field of fields) length += field.length;
    out.tag(seriesField, wireType.lengthDelimited);
    out.varint(length);
    for (const field of fields) out.raw(field);
    let copiedTo = series.start;
    for (let label = 0; label < series.labelCount; label += 1) {
      out.raw(series.bytes, copiedTo, series.labelStart(label));
      copiedTo = series.labelEnd(label);
    }
    out.raw(series.bytes, copiedTo, series.end);
  }

  private fieldOf(series: SeriesView, label: StoredLabel): Uint8Array {
    if (label === this.injected) return this.injectedField;
    const { unchanged } = label;
    if (unchanged === undefined) return encodeLabel(label);
    return series.bytes.subarray(series.labelStart(unchanged), series.labelEnd(unchanged));
  }
}
