import type { ReservedLabels } from './reserved-labels';
import { labelRefsTag, labelRefTag, type SeriesViewV2 } from './series-view-v2';
import { sortedPlace, storedLabels, toStoredLabel, type StoredLabel } from './stored-labels';
import { WireCursor } from './wire-cursor';
import { WireWriter } from './wire-writer';
import type { Label } from './write-request';

const symbolField = 4;
const seriesField = 5;
const labelRefsField = 1;

/** Writes changed series of Remote Write 2.0: new references, all other bytes copied. */
export class SeriesSplicerV2 {
  /** Symbols that the request did not have, as fields of it. */
  readonly addedSymbols = new WireWriter();
  private readonly added = new Map<string, number>();
  private readonly injected: StoredLabel | undefined;
  private readonly refs = new WireWriter();
  private readonly content = new WireWriter();

  constructor(
    private readonly firstFreeRef: number,
    private readonly reserved: ReservedLabels,
    injectLabel: Label | undefined,
  ) {
    this.injected = injectLabel === undefined ? undefined : toStoredLabel(injectLabel);
  }

  /** The reference of a symbol that may have to be added. */
  private refOf(symbol: Uint8Array): number {
    const key = Buffer.from(symbol.buffer, symbol.byteOffset, symbol.byteLength).toString('latin1');
    const known = this.added.get(key);
    if (known !== undefined) return known;
    const ref = this.firstFreeRef + this.added.size;
    this.added.set(key, ref);
    this.addedSymbols.bytesField(symbolField, symbol);
    return ref;
  }

  private pushLabel(name: number, value: number): void {
    this.refs.varint(name);
    this.refs.varint(value);
  }

  /** A series whose labels are sorted, with the injected label at its place. */
  insert(series: SeriesViewV2, out: WireWriter): void {
    const { injected } = this;
    if (injected === undefined) throw new RangeError('there is no label to inject');
    const place = sortedPlace(series, injected.name);
    this.refs.reset();
    for (let label = 0; label <= series.labelCount; label += 1) {
      if (label === place) this.pushLabel(this.refOf(injected.name), this.refOf(injected.value));
      if (label < series.labelCount) this.pushLabel(series.nameRef(label), series.valueRef(label));
    }
    this.write(series, out);
  }

  /** A series with its labels renamed where reserved, sorted, without empty values, and the injected label added. */
  rebuild(series: SeriesViewV2, out: WireWriter): void {
    this.refs.reset();
    for (const { name, value, unchanged } of storedLabels(series, this.reserved, this.injected)) {
      if (unchanged === undefined) this.pushLabel(this.refOf(name), this.refOf(value));
      else this.pushLabel(series.nameRef(unchanged), series.valueRef(unchanged));
    }
    this.write(series, out);
  }

  /** The series with `refs` in the place of its own references. */
  private write(series: SeriesViewV2, out: WireWriter): void {
    const { content } = this;
    content.reset();
    content.bytesField(labelRefsField, this.refs.bytes());
    const cursor = new WireCursor(series.bytes, series.start, series.end);
    while (cursor.position < series.end) {
      const start = cursor.position;
      const tag = cursor.tag();
      cursor.skip(tag);
      if (tag !== labelRefsTag && tag !== labelRefTag) content.raw(series.bytes, start, cursor.position);
    }
    out.bytesField(seriesField, content.bytes());
  }
}
