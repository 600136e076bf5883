import { msPerDay, type TimeWindow } from '@cloudtuner/cost-model';

/** Steps of one length side by side, which one statement can read. Only the last of a window's steps may be shorter. */
export interface StepSpan extends TimeWindow {
  /** Null: one step, or a part of one. */
  readonly stepMs: number | null;
}

const lengthOf = ({ startMs, endMs }: TimeWindow): number => endMs - startMs;

/** Steps gathered into as few spans as possible: months are a span each, days are one. */
export function spansOf(steps: readonly TimeWindow[]): StepSpan[] {
  const spans: StepSpan[] = [];
  for (const [index, step] of steps.entries()) {
    const span = spans.at(-1);
    const stepMs = span === undefined ? 0 : (span.stepMs ?? lengthOf(span));
    const fits = lengthOf(step) === stepMs || (index === steps.length - 1 && lengthOf(step) < stepMs);
    if (span === undefined || !fits) spans.push({ ...step, stepMs: null });
    else spans[spans.length - 1] = { startMs: span.startMs, endMs: step.endMs, stepMs };
  }
  return spans;
}

/** Where a span is cut into halves: between steps, else at a midnight. */
function middleOf({ startMs, endMs, stepMs }: StepSpan): number {
  if (stepMs !== null) return startMs + Math.max(1, Math.floor((endMs - startMs) / stepMs / 2)) * stepMs;
  return Math.floor((startMs + endMs) / 2 / msPerDay) * msPerDay;
}

/** One step, or less of it, has no steps to be told apart by, and may be cut at any midnight. */
function withoutStepsOfOne(span: StepSpan): StepSpan {
  return span.stepMs !== null && lengthOf(span) <= span.stepMs ? { ...span, stepMs: null } : span;
}

/**
 * A span cut into pieces for as long as one costs more than it may. Parts of one step stay parts of it: their rows are told apart by where
 * the part begins, and lie in the step all the same.
 */
export function piecesOf(given: StepSpan, costOf: (span: StepSpan) => number, mostCost: number): StepSpan[] {
  const span = withoutStepsOfOne(given);
  const middleMs = middleOf(span);
  if (costOf(span) <= mostCost || middleMs <= span.startMs || middleMs >= span.endMs) return [span];
  return [
    { ...span, endMs: middleMs },
    { ...span, startMs: middleMs },
  ].flatMap((half) => piecesOf(half, costOf, mostCost));
}

/** True when every step begins at a midnight or with the window, so that days need not be cut. */
export function keepsDaysWhole(steps: readonly TimeWindow[]): boolean {
  return steps.slice(1).every(({ startMs }) => startMs % msPerDay === 0);
}
