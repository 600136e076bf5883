import { SeriesView } from './series-view';
import { invalidReference, type SymbolTable } from './symbol-table';
import { malformed } from './wire-cursor';
import { metricTypes } from './write-request';

export const labelRefsTag = 0x0a; // field 1, packed as every sender writes it
export const labelRefTag = 0x08; // the same field, one by one: legal protobuf
export const sampleTag = 0x12; // field 2
export const histogramTag = 0x1a; // field 3
export const exemplarTag = 0x22; // field 4
const metadataTag = 0x2a; // field 5
const metadataTypeTag = 0x08;
const helpRefTag = 0x18;
const unitRefTag = 0x20;

/** A series of Remote Write 2.0: its labels are references, shown as the offsets of the symbols they lead to. */
export class SeriesViewV2 extends SeriesView {
  /** Of the metadata of the series; 0 and the empty symbol when it has none. */
  metadataType = 0;
  helpRef = 0;
  unitRef = 0;
  private refCount = 0;
  private readonly refs: number[];

  constructor(
    bytes: Uint8Array,
    labelCapacity: number,
    readonly symbols: SymbolTable,
  ) {
    super(bytes, labelCapacity);
    this.refs = new Array<number>(labelCapacity * 2).fill(0);
  }

  override get mixesSamplesAndHistograms(): boolean {
    return this.sampleCount > 0 && this.histogramCount > 0;
  }

  /** The symbol that is the label's name. */
  nameRef(label: number): number {
    return this.refs[label * 2] ?? 0;
  }

  /** The symbol that is the label's value. */
  valueRef(label: number): number {
    return this.refs[label * 2 + 1] ?? 0;
  }

  /**
   * Reads the series whose content is `[start, end)`.
   *
   * @throws protobuf-malformed, symbol-reference-invalid
   */
  read(fieldStart: number, start: number, end: number): void {
    this.begin(fieldStart, start, end);
    this.refCount = 0;
    this.metadataType = 0;
    this.helpRef = 0;
    this.unitRef = 0;
    const { cursor } = this;
    while (cursor.position < end) this.readField(cursor.tag());
    if (this.refCount % 2 !== 0) throw invalidReference('a series has a label name without a value');
    // Only what holds in the end: of a field that is there twice, the last counts.
    this.requireSymbol(this.helpRef);
    this.requireSymbol(this.unitRef);
    this.resolveLabels();
  }

  private readField(tag: number): void {
    switch (tag) {
      case labelRefsTag:
        this.readRefs(true);
        return;
      case labelRefTag:
        this.keepRef(this.readRef());
        return;
      case sampleTag:
        this.readSample();
        return;
      case histogramTag:
        this.readHistogram();
        return;
      case exemplarTag:
        this.readExemplar();
        this.requireWholeExemplar();
        return;
      case metadataTag:
        this.readMetadata();
        return;
      default:
        if (tag >>> 3 <= 5) throw malformed('a field of a series has another wire type');
        this.cursor.skip(tag);
    }
  }

  /** One reference, which leads to a symbol. */
  private readRef(): number {
    const ref = this.cursor.low32();
    this.requireSymbol(ref);
    return ref;
  }

  private requireSymbol(ref: number): void {
    if (ref >= this.symbols.count) {
      throw invalidReference(`reference ${String(ref)} is beyond the ${String(this.symbols.count)} symbols`);
    }
  }

  private keepRef(ref: number): void {
    const index = this.refCount++;
    if (index < this.refs.length) this.refs[index] = ref;
  }

  /** A packed list of references; returns how many there are. */
  private readRefs(keep: boolean): number {
    const { cursor } = this;
    const outerEnd = cursor.end;
    const end = cursor.lengthEnd();
    let count = 0;
    cursor.end = end;
    while (cursor.position < end) {
      const ref = this.readRef();
      if (keep) this.keepRef(ref);
      count += 1;
    }
    cursor.end = outerEnd;
    return count;
  }

  private exemplarRefCount = 0;

  protected readExemplarLabel(tag: number): void {
    if (tag === labelRefsTag) this.exemplarRefCount += this.readRefs(false);
    else if (tag === labelRefTag) {
      this.readRef();
      this.exemplarRefCount += 1;
    } else throw malformed('the labels of an exemplar have another wire type');
  }

  private requireWholeExemplar(): void {
    const count = this.exemplarRefCount;
    this.exemplarRefCount = 0;
    if (count % 2 !== 0) throw invalidReference('an exemplar has a label name without a value');
  }

  private readMetadata(): void {
    const { cursor, end: seriesEnd } = this;
    const end = cursor.lengthEnd();
    this.hasMetadata = true;
    cursor.end = end;
    while (cursor.position < end) {
      const tag = cursor.tag();
      if (tag === metadataTypeTag) this.metadataType = knownType(cursor.low32());
      else if (tag === helpRefTag) this.helpRef = cursor.low32();
      else if (tag === unitRefTag) this.unitRef = cursor.low32();
      else if (tag >>> 3 <= 4 && tag >>> 3 !== 2) throw malformed('a field of the metadata has another wire type');
      else cursor.skip(tag);
    }
    cursor.end = seriesEnd;
  }

  private resolveLabels(): void {
    const { symbols } = this;
    const count = this.refCount / 2;
    const kept = Math.min(count, this.labelCapacity);
    for (let label = 0; label < kept; label += 1) {
      const name = this.nameRef(label);
      const value = this.valueRef(label);
      this.keepLabel({
        start: 0,
        end: 0,
        nameStart: symbols.start(name),
        nameEnd: symbols.end(name),
        valueStart: symbols.start(value),
        valueEnd: symbols.end(value),
      });
    }
    this.labelCount = count;
  }
}

/** The type, or 0 (unknown) for one that came after us. */
function knownType(type: number): number {
  return type < metricTypes.length ? type : 0;
}
