import { isReserved, type ReservedLabels } from './reserved-labels';
import { scanWriteRequest, type RequestCounts } from './scan';
import { SeriesSplicer } from './series-splicer';
import type { SeriesView } from './series-view';
import { SeriesJudge, type LabelNameRule, type SeriesRefusalCode, type WriteLimits } from './validate-series';
import { WireWriter } from './wire-writer';
import type { Label } from './write-request';

/** How a request is judged and changed. */
export interface RewriteOptions {
  readonly limits: WriteLimits;
  readonly labelNames: LabelNameRule;
  /** Series that carry one of these get it back as `exported_<name>`. */
  readonly reserved: ReservedLabels;
  /** Our clock, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** A label put into every series at its sorted place; its name must be reserved. */
  readonly injectLabel?: Label;
  /** Where changed requests are built; reused, so the result is valid until the next call with the same one. */
  readonly output?: WireWriter;
}

/** Series refused for one reason, with what they held. */
export interface Refusal {
  readonly code: SeriesRefusalCode;
  readonly series: number;
  /** Samples and native histograms. */
  readonly samples: number;
  /** The metric name of the first of them, when it has one. */
  readonly example: string | undefined;
}

/** What became of a request. */
export interface RewriteResult {
  /** What to store: the very bytes passed in when nothing had to change. */
  readonly bytes: Uint8Array;
  readonly received: RequestCounts;
  /** What `bytes` holds. */
  readonly accepted: RequestCounts;
  /** One entry a reason, in the order of appearance. */
  readonly refusals: readonly Refusal[];
  /** Reserved labels that were renamed. */
  readonly renamedLabels: number;
}

interface MutableRefusal {
  code: SeriesRefusalCode;
  series: number;
  samples: number;
  example: string | undefined;
}

class Rewriter {
  readonly refusals = new Map<SeriesRefusalCode, MutableRefusal>();
  readonly refused = { series: 0, samples: 0, histograms: 0, exemplars: 0, metadata: 0 };
  renamedLabels = 0;
  private readonly judge: SeriesJudge;
  private readonly splicer: SeriesSplicer;
  /** Everything before this offset is in the output already, if there is one. */
  private copiedTo = 0;
  private output: WireWriter | undefined;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly options: RewriteOptions,
  ) {
    this.judge = new SeriesJudge(options);
    this.splicer = new SeriesSplicer(options.reserved, options.injectLabel);
  }

  visit(series: SeriesView): void {
    const { judge } = this;
    judge.judge(series);
    if (judge.refusal !== undefined) {
      this.copyUpTo(series);
      this.refuse(series, judge.refusal);
    } else if (!judge.asIs) {
      this.splicer.rebuild(series, this.copyUpTo(series));
      this.renamedLabels += judge.reservedCount;
    } else if (this.options.injectLabel !== undefined) {
      this.splicer.insert(series, this.copyUpTo(series));
    }
  }

  /** Copies the unchanged run before this series; what the series becomes is written next. */
  private copyUpTo(series: SeriesView): WireWriter {
    if (this.output === undefined) {
      this.output = this.options.output ?? new WireWriter(this.bytes.length + this.bytes.length / 4);
      this.output.reset();
    }
    this.output.raw(this.bytes, this.copiedTo, series.fieldStart);
    this.copiedTo = series.end;
    return this.output;
  }

  private refuse(series: SeriesView, code: SeriesRefusalCode): void {
    const samples = series.sampleCount + series.histogramCount;
    this.refused.series += 1;
    this.refused.samples += series.sampleCount;
    this.refused.histograms += series.histogramCount;
    this.refused.exemplars += series.exemplarCount;
    const known = this.refusals.get(code);
    if (known === undefined) this.refusals.set(code, { code, series: 1, samples, example: series.metricName() });
    else {
      known.series += 1;
      known.samples += samples;
    }
  }

  finish(): Uint8Array {
    if (this.output === undefined) return this.bytes;
    this.output.raw(this.bytes, this.copiedTo);
    return this.output.bytes();
  }
}

/**
 * Checks every series of an uncompressed Remote Write 1.0 request and returns what may be stored: bad series are left
 * out and counted, reserved labels renamed, labels sorted, empty-valued labels dropped, one label injected. Runs of
 * series that are fine are copied as they are, and sample bytes never change.
 *
 * @throws protobuf-malformed, too-many-series, too-many-samples
 */
export function rewriteWriteRequest(bytes: Uint8Array, options: RewriteOptions): RewriteResult {
  const { limits, injectLabel, reserved } = options;
  if (injectLabel !== undefined) {
    // Otherwise a series could bring its own label of this name, and it would be there twice.
    if (!isReserved(reserved, Buffer.from(injectLabel.name)))
      throw new RangeError('an injected label must be a reserved one');
  }
  const rewriter = new Rewriter(bytes, options);
  const scanLimits = { maxSeries: limits.maxSeries, maxSamples: limits.maxSamples, labelCapacity: limits.maxLabels };
  const received = scanWriteRequest(bytes, scanLimits, (series) => {
    rewriter.visit(series);
  });
  const { refused } = rewriter;
  return {
    bytes: rewriter.finish(),
    received,
    accepted: {
      series: received.series - refused.series,
      samples: received.samples - refused.samples,
      histograms: received.histograms - refused.histograms,
      exemplars: received.exemplars - refused.exemplars,
      metadata: received.metadata,
    },
    refusals: [...rewriter.refusals.values()],
    renamedLabels: rewriter.renamedLabels,
  };
}
