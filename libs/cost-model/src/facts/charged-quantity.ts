import {
  bridgedGapMs,
  combine,
  firstKnown,
  heldFunctionOf,
  holes,
  lengthMs,
  stepFunctionOf,
  within,
  type StepFunction,
  type StepInterval,
} from '../intervals';
import type { Series } from '../series';
import { quantityRange } from '../value-range';
import type { TimeWindow } from '../window';

/** What is known of one resource of a container, in cores, bytes or GPUs. */
export interface ResourceInputs {
  /** The exporter's own larger of request and usage. */
  readonly allocation: readonly Series[];
  /** Part of the pod's specification: it holds for as long as the pod is there. */
  readonly request: StepFunction;
  readonly usage: StepFunction;
}

/** What is charged of one resource while the container runs. */
export interface ChargedQuantity {
  readonly quantity: StepFunction;
  /** None of it is the exporter's own allocation. */
  readonly isDerived: boolean;
  /** More than 5 minutes of it are neither. */
  readonly isEstimated: boolean;
}

/** The function over all of the window: before it is first known it is what it is then. */
function heldBothWays(held: StepFunction, window: TimeWindow): StepFunction {
  const [first] = held;
  if (first === undefined || first.startMs === window.startMs) return held;
  return [{ startMs: window.startMs, endMs: first.startMs, value: first.value }, ...held];
}

/** Requests over all of the window, from samples anywhere in it: no request changes while a pod runs. */
export function requestOf(series: readonly Series[], window: TimeWindow): StepFunction {
  return heldBothWays(heldFunctionOf(series, quantityRange, window), window);
}

const latestBefore = (steps: StepFunction, atMs: number): StepInterval | undefined =>
  steps.findLast(({ startMs }) => startMs < atMs);

/** What to take in a hole: the last allocation, the last usage, what comes next within 5 minutes, the request, what comes next. */
function fillHole(hole: StepInterval, known: StepFunction, inputs: { held: StepFunction; request: StepFunction }) {
  const held = within(inputs.held, [hole]);
  if (held.length > 0) return firstKnown(held, [{ ...hole, value: held[0]?.value ?? 0 }]);
  const before = latestBefore(known, hole.startMs);
  if (before !== undefined) return [{ ...hole, value: before.value }];
  const isNext = ({ startMs }: StepInterval): boolean => startMs >= hole.endMs;
  // A single allocation after the hour is none that is known for any time, but it is what the first scrape found.
  const next = known.find(isNext) ?? inputs.held.find(isNext);
  const request = within(inputs.request, [hole]);
  if (next !== undefined && (request.length === 0 || hole.endMs - hole.startMs <= bridgedGapMs)) {
    return [{ ...hole, value: next.value }];
  }
  return request;
}

/**
 * Request or usage, whichever is more at each moment at which the container runs: the exporter's own allocation where it
 * is there, else both put together here. What neither tells is held from what was known last.
 */
export function chargedQuantity(inputs: ResourceInputs, running: StepFunction, around: TimeWindow): ChargedQuantity {
  const { allocation, request, usage } = inputs;
  const allocated = stepFunctionOf(allocation, quantityRange, around);
  const told = within(allocated, running);
  const toldMs = lengthMs(told);
  const runningMs = lengthMs(running);
  if (toldMs === runningMs) return { quantity: told, isDerived: false, isEstimated: false };
  const requestInUse = request.length === 0 ? usage : combine(usage, within(request, usage), Math.max);
  const known = firstKnown(allocated, requestInUse);
  const held = heldFunctionOf(allocation, quantityRange, around);
  const gaps = holes(known, running);
  const filled = gaps.flatMap((hole) => fillHole(hole, known, { held, request }));
  const quantity = [...within(known, running), ...filled].sort((a, b) => a.startMs - b.startMs);
  const isObserved = known.length > 0;
  return {
    quantity,
    isDerived: toldMs === 0 && quantity.length > 0,
    isEstimated: isObserved && gaps.some(({ startMs, endMs }) => endMs - startMs > bridgedGapMs),
  };
}

/** GPUs are charged by request, whatever is made of them. */
export function chargedGpus(inputs: ResourceInputs, running: StepFunction, around: TimeWindow): StepFunction {
  const allocated = requestOf(inputs.allocation, around);
  return within(allocated.length > 0 ? allocated : inputs.request, running);
}

/** The greatest value while it runs; null when none is known. */
export function greatestWithin(steps: StepFunction, running: StepFunction): number | null {
  const values = within(steps, running).map(({ value }) => value);
  return values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b));
}
