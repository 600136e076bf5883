import type { KernelWalk, WriteKernel } from './kernel';
import { RefusedSeries, type Refusal } from './refused-series';
import { isReserved, type ReservedLabels } from './reserved-labels';
import { scanWriteRequest, type RequestCounts, type UsualSeries } from './scan';
import { encodeLabel, SeriesSplicer } from './series-splicer';
import type { SeriesView } from './series-view';
import { toStoredLabel } from './stored-labels';
import { TimeSpanBuilder, type TimeSpan } from './time-span';
import { SeriesJudge, type LabelNameRule, type WriteLimits } from './validate-series';
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
  /** Reads usual series many times faster; may hold `bytes` already (see `decompressSnappy`). */
  readonly kernel?: WriteKernel;
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
  /** Of what is accepted, exemplars included; undefined when nothing in it has a time. */
  readonly timeSpan: TimeSpan | undefined;
}

/** Otherwise a series could bring its own label of the injected name, and it would be there twice. */
export function requireReservedName({ injectLabel, reserved }: RewriteOptions): void {
  if (injectLabel !== undefined && !isReserved(reserved, Buffer.from(injectLabel.name))) {
    throw new RangeError('an injected label must be a reserved one');
  }
}

class Rewriter {
  readonly refused = new RefusedSeries();
  readonly timeSpan = new TimeSpanBuilder();
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
      this.refused.add(series, judge.refusal);
      return;
    }
    this.timeSpan.add(series);
    if (!judge.asIs) {
      this.splicer.rebuild(series, this.copyUpTo(series));
      this.renamedLabels += judge.reservedCount;
    } else if (this.options.injectLabel !== undefined) {
      this.splicer.insert(series, this.copyUpTo(series));
    }
  }

  /** A run of series that the kernel found to be fine, and copied with the injected label if there is one. */
  visitRun(offset: number, run: KernelWalk): void {
    this.timeSpan.add(run);
    if (this.options.injectLabel === undefined) return;
    this.copyUpTo({ fieldStart: offset, end: run.position }).raw(run.output);
  }

  /** Copies the unchanged run before this series; what the series becomes is written next. */
  private copyUpTo(series: { readonly fieldStart: number; readonly end: number }): WireWriter {
    if (this.output === undefined) {
      this.output = this.options.output ?? new WireWriter(this.bytes.length + this.bytes.length / 4);
      this.output.reset();
    }
    this.output.raw(this.bytes, this.copiedTo, series.fieldStart);
    this.copiedTo = series.end;
    return this.output;
  }

  finish(): Uint8Array {
    if (this.output === undefined) return this.bytes;
    this.output.raw(this.bytes, this.copiedTo);
    return this.output.bytes();
  }
}

/** The kernel's view of the request, when there is a kernel and it knows the rules. */
function usualSeries(bytes: Uint8Array, options: RewriteOptions, rewriter: Rewriter): UsualSeries | undefined {
  const { kernel, limits, labelNames, reserved, nowMs, injectLabel } = options;
  const held = kernel?.begin(bytes, {
    ...limits,
    maxTimestampMs: nowMs + limits.maxFutureMs,
    legacyNames: labelNames === 'legacy',
    reserved: reserved.patterns,
    injectedField: injectLabel === undefined ? undefined : encodeLabel(toStoredLabel(injectLabel)),
  });
  if (kernel === undefined || held === undefined) return undefined;
  return {
    walk: (offset, left) => kernel.walk(held, offset, left),
    visitRun: (offset, run) => {
      rewriter.visitRun(offset, run);
    },
  };
}

/**
 * Checks every series of an uncompressed Remote Write 1.0 request and returns what may be stored: bad series are left
 * out and counted, reserved labels renamed, labels sorted, empty-valued labels dropped, one label injected. Runs of
 * series that are fine are copied as they are, and sample bytes never change.
 *
 * @throws protobuf-malformed, too-many-series, too-many-samples
 */
export function rewriteWriteRequest(bytes: Uint8Array, options: RewriteOptions): RewriteResult {
  const { limits } = options;
  requireReservedName(options);
  const rewriter = new Rewriter(bytes, options);
  const scanLimits = { maxSeries: limits.maxSeries, maxSamples: limits.maxSamples, labelCapacity: limits.maxLabels };
  const visit = (series: SeriesView): void => {
    rewriter.visit(series);
  };
  const received = scanWriteRequest(bytes, scanLimits, visit, usualSeries(bytes, options, rewriter));
  const { refused } = rewriter;
  return {
    bytes: rewriter.finish(),
    received,
    accepted: refused.acceptedOf(received),
    refusals: refused.refusals,
    renamedLabels: rewriter.renamedLabels,
    timeSpan: rewriter.timeSpan.build(),
  };
}
