import { AppError } from '@cloudtuner/errors';
import { RefusedSeries } from './refused-series';
import { requireReservedName, type RewriteOptions, type RewriteResult } from './rewrite';
import { scanWriteRequestV2, type RequestFrame } from './scan-v2';
import { SeriesSplicerV2 } from './series-splicer-v2';
import { SeriesTranslator } from './series-translator';
import type { SeriesViewV2 } from './series-view-v2';
import { SymbolJudge } from './symbol-judge';
import { TimeSpanBuilder } from './time-span';
import { WireWriter } from './wire-writer';

const symbolField = 4;
const defaultMaxTranslatedBytes = 64 * 1024 * 1024;

/** How a request of Remote Write 2.0 is judged and changed. */
export interface RewriteOptionsV2 extends RewriteOptions {
  /** What the store speaks: 2.0 is passed on, or translated to 1.0. */
  readonly target: '1' | '2';
  /** A translated request may not become larger: a symbol of 2.0 is repeated in every label of 1.0; default 64 MiB. */
  readonly maxTranslatedBytes?: number;
}

/** Builds the body for the store from the series that are accepted. */
interface BodyBuilder {
  /** A series that is left out. */
  skip(series: SeriesViewV2, frame: RequestFrame): void;
  /** A series that is stored; `asIs` when its labels need no change of their own. */
  add(series: SeriesViewV2, asIs: boolean, frame: RequestFrame): void;
  finish(): Uint8Array;
  /** Metadata in the body, when that is not one for each series that has some. */
  readonly metadataCount: number | undefined;
}

/** 2.0 to 2.0: the bytes passed in, until a series has to change. */
class PassOn implements BodyBuilder {
  readonly metadataCount = undefined;
  private copiedTo = 0;
  private frame: RequestFrame | undefined;
  private splicer: SeriesSplicerV2 | undefined;
  private readonly seriesFields = new WireWriter();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly options: RewriteOptionsV2,
  ) {}

  skip(series: SeriesViewV2, frame: RequestFrame): void {
    this.copyUpTo(series, frame);
  }

  add(series: SeriesViewV2, asIs: boolean, frame: RequestFrame): void {
    if (asIs && this.options.injectLabel === undefined) {
      // Between symbols that come late, series cannot be copied as runs.
      if (!frame.symbolsFirst) this.copyUpTo(series, frame).raw(this.bytes, series.fieldStart, series.end);
      return;
    }
    const out = this.copyUpTo(series, frame);
    const { reserved, injectLabel } = this.options;
    this.splicer ??= new SeriesSplicerV2(frame.symbols.count, reserved, injectLabel);
    if (asIs) this.splicer.insert(series, out);
    else this.splicer.rebuild(series, out);
  }

  /** Copies the unchanged run before this series; what the series becomes is written next. */
  private copyUpTo(series: SeriesViewV2, frame: RequestFrame): WireWriter {
    if (this.frame === undefined) {
      this.frame = frame;
      this.copiedTo = frame.firstSeriesStart;
    }
    if (frame.symbolsFirst) this.seriesFields.raw(this.bytes, this.copiedTo, series.fieldStart);
    this.copiedTo = series.end;
    return this.seriesFields;
  }

  finish(): Uint8Array {
    const { frame, bytes, splicer, options } = this;
    if (frame === undefined) return bytes;
    if (frame.symbolsFirst) this.seriesFields.raw(bytes, this.copiedTo);
    const out = options.output ?? new WireWriter(bytes.length + bytes.length / 4);
    out.reset();
    // Symbols before series: some receivers resolve references while they read.
    if (frame.symbolsFirst) out.raw(bytes, 0, frame.firstSeriesStart);
    else {
      const { symbols } = frame;
      for (let ref = 0; ref < symbols.count; ref += 1) {
        out.bytesField(symbolField, bytes.subarray(symbols.start(ref), symbols.end(ref)));
      }
    }
    if (splicer !== undefined) out.raw(splicer.addedSymbols.bytes());
    out.raw(this.seriesFields.bytes());
    return out.bytes();
  }
}

/** 2.0 to 1.0. */
class Translation implements BodyBuilder {
  private readonly translator: SeriesTranslator;
  private readonly output: WireWriter;
  private readonly maxBytes: number;

  constructor(bytes: Uint8Array, { reserved, injectLabel, output, maxTranslatedBytes }: RewriteOptionsV2) {
    this.translator = new SeriesTranslator(reserved, injectLabel);
    this.output = output ?? new WireWriter(bytes.length * 2);
    this.output.reset();
    this.maxBytes = maxTranslatedBytes ?? defaultMaxTranslatedBytes;
  }

  get metadataCount(): number {
    return this.translator.familyCount;
  }

  skip(): void {
    // Nothing of it is written.
  }

  add(series: SeriesViewV2, asIs: boolean): void {
    this.translator.translate(series, asIs, this.output);
    if (this.output.size + this.translator.metadataFields.length > this.maxBytes) {
      throw new AppError(
        'decoded-body-too-large',
        `As Remote Write 1.0 the request has more than ${String(this.maxBytes)} bytes.`,
      );
    }
  }

  finish(): Uint8Array {
    this.output.raw(this.translator.metadataFields);
    return this.output.bytes();
  }
}

/**
 * Checks every series of an uncompressed Remote Write 2.0 request by the rules of 1.0 and returns what may be stored:
 * as 2.0 (the same bytes when nothing changes), or as 1.0 for a store that speaks no other. References that lead
 * nowhere make the whole request invalid: there is no telling what was meant.
 *
 * Translation: a start timestamp has no place in 1.0 and is dropped; metadata becomes one entry a metric family.
 *
 * @throws protobuf-malformed, symbol-reference-invalid, too-many-symbols, too-many-series, too-many-samples,
 * decoded-body-too-large
 */
export function rewriteWriteRequestV2(bytes: Uint8Array, options: RewriteOptionsV2): RewriteResult {
  requireReservedName(options);
  const { maxSeries, maxSamples, maxLabels } = options.limits;
  const refused = new RefusedSeries();
  const builder: BodyBuilder = options.target === '1' ? new Translation(bytes, options) : new PassOn(bytes, options);
  let judge: SymbolJudge | undefined;
  const timeSpan = new TimeSpanBuilder();
  let renamedLabels = 0;
  const received = scanWriteRequestV2(bytes, { maxSeries, maxSamples, labelCapacity: maxLabels }, (series, frame) => {
    judge ??= new SymbolJudge(options, frame.symbols);
    judge.judge(series);
    if (judge.refusal === undefined) {
      renamedLabels += judge.reservedCount;
      timeSpan.add(series);
      builder.add(series, judge.asIs, frame);
    } else {
      refused.add(series, judge.refusal);
      builder.skip(series, frame);
    }
  });
  const accepted = refused.acceptedOf(received);
  return {
    bytes: builder.finish(),
    received,
    accepted: { ...accepted, metadata: builder.metadataCount ?? accepted.metadata },
    refusals: refused.refusals,
    renamedLabels,
    timeSpan: timeSpan.build(),
  };
}
