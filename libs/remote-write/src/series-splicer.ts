import { isReserved, type ReservedLabels } from './reserved-labels';
import type { SeriesView } from './series-view';
import { WireWriter, wireType } from './wire-writer';
import type { Label } from './write-request';

const exportedPrefix = Buffer.from('exported_');
const seriesField = 1;
const labelField = 1;

interface NamedField {
  readonly name: Buffer;
  /** The whole label field: tag, length, content. */
  readonly field: Uint8Array;
}

function encodeLabel(name: Uint8Array, value: Uint8Array): Buffer {
  const content = new WireWriter();
  content.bytesField(1, name);
  content.bytesField(2, value);
  const field = new WireWriter();
  field.bytesField(labelField, content.bytes());
  return field.bytes();
}

function compareWith(series: SeriesView, label: number, name: Uint8Array): number {
  const start = series.nameStart(label);
  const length = series.nameEnd(label) - start;
  const shared = Math.min(length, name.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (series.bytes[start + index] ?? 0) - (name[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return length - name.length;
}

/** Writes changed series. Labels are moved or added as encoded fields; all other bytes of a series are copied. */
export class SeriesSplicer {
  private readonly injected: NamedField | undefined;

  constructor(
    private readonly reserved: ReservedLabels,
    injectLabel: Label | undefined,
  ) {
    if (injectLabel === undefined) return;
    const name = Buffer.from(injectLabel.name);
    this.injected = { name, field: encodeLabel(name, Buffer.from(injectLabel.value)) };
  }

  /** A series whose labels are sorted, with the injected label at its place. */
  insert(series: SeriesView, out: WireWriter): void {
    const { injected } = this;
    if (injected === undefined) throw new RangeError('there is no label to inject');
    let place = series.labelEnd(series.labelCount - 1);
    for (let label = 0; label < series.labelCount; label += 1) {
      if (compareWith(series, label, injected.name) > 0) {
        place = series.labelStart(label);
        break;
      }
    }
    out.tag(seriesField, wireType.lengthDelimited);
    out.varint(series.end - series.start + injected.field.length);
    out.raw(series.bytes, series.start, place);
    out.raw(injected.field);
    out.raw(series.bytes, place, series.end);
  }

  /** A series with its labels renamed where reserved, sorted, without empty values, and the injected label added. */
  rebuild(series: SeriesView, out: WireWriter): void {
    const labels = this.labelsOf(series);
    labels.sort((a, b) => Buffer.compare(a.name, b.name));
    let length = series.end - series.start;
    for (let label = 0; label < series.labelCount; label += 1) {
      length -= series.labelEnd(label) - series.labelStart(label);
    }
    for (const { field } of labels) length += field.length;
    out.tag(seriesField, wireType.lengthDelimited);
    out.varint(length);
    for (const { field } of labels) out.raw(field);
    let copiedTo = series.start;
    for (let label = 0; label < series.labelCount; label += 1) {
      out.raw(series.bytes, copiedTo, series.labelStart(label));
      copiedTo = series.labelEnd(label);
    }
    out.raw(series.bytes, copiedTo, series.end);
  }

  private labelsOf(series: SeriesView): NamedField[] {
    const { bytes } = series;
    const kept: NamedField[] = [];
    const renamed: { name: Buffer; value: Uint8Array }[] = [];
    for (let label = 0; label < series.labelCount; label += 1) {
      const value = bytes.subarray(series.valueStart(label), series.valueEnd(label));
      if (value.length === 0) continue;
      const name = Buffer.from(bytes.subarray(series.nameStart(label), series.nameEnd(label)));
      if (isReserved(this.reserved, name)) renamed.push({ name, value });
      else kept.push({ name, field: bytes.subarray(series.labelStart(label), series.labelEnd(label)) });
    }
    const taken = new Set(kept.map(({ name }) => name.toString('latin1')));
    // Shortest first, as Prometheus does, so that the result does not depend on the order of the labels.
    renamed.sort((a, b) => a.name.length - b.name.length || Buffer.compare(a.name, b.name));
    for (const { name, value } of renamed) {
      const free = freeExportedName(name, taken);
      kept.push({ name: free, field: encodeLabel(free, value) });
    }
    if (this.injected !== undefined) kept.push(this.injected);
    return kept;
  }
}

/** The name with `exported_` in front as often as needed to be free; it is taken from then on. */
function freeExportedName(name: Buffer, taken: Set<string>): Buffer {
  let candidate = name;
  do {
    candidate = Buffer.concat([exportedPrefix, candidate]);
  } while (taken.has(candidate.toString('latin1')));
  taken.add(candidate.toString('latin1'));
  return candidate;
}
