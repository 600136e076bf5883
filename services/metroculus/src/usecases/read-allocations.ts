import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  HourAllocator,
  type AllocatedHour,
  type PriceBook,
  type Series,
  type TimeWindow,
} from '@cloudtuner/cost-model';
import { isAppError } from '@cloudtuner/errors';
import { allOrAbort } from '../domain/all-or-abort';
import type { MetricsStore, PodReader, PodSeriesByName } from '../ports';
import { elapsedPart } from './read-assets';

/** What the allocations of an hour are read with. */
export interface AllocationContext {
  readonly store: MetricsStore;
  /** Of the tenant. */
  readonly prices: PriceBook | undefined;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  /** Pods of one part; their series are in memory together. */
  readonly podsPerPart: number;
  /** Waits until there is room for another hour. */
  readonly turn: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
  readonly onAllocated: (hour: AllocatedHour, durationSeconds: number) => void;
}

// The store works on one part while another is read.
const parallelParts = 2;

// What is computed between two turns of the event loop: some 20 ms.
const podsPerTurn = 25;

const isTooLarge = (error: unknown): boolean => isAppError(error) && error.code === 'metrics-query-too-large';

/** Reads pods part by part; a part that does not fit into an answer is halved, and so are those that follow. */
export class PodParts {
  private next = 0;

  constructor(
    private readonly pods: PodReader,
    private podsPerPart: number,
    private readonly take: (pods: PodSeriesByName) => Promise<void>,
  ) {}

  /** Several of these share the work. */
  async readAll(signal: AbortSignal): Promise<void> {
    const { names } = this.pods;
    while (this.next < names.length) {
      const from = this.next;
      this.next += this.podsPerPart;
      await this.read(names.slice(from, this.next), signal);
    }
  }

  private async read(names: readonly string[], signal: AbortSignal): Promise<void> {
    let series: PodSeriesByName;
    try {
      series = await this.pods.series(names, signal);
    } catch (error) {
      if (names.length === 1 || !isTooLarge(error)) throw error;
      const half = Math.ceil(names.length / 2);
      this.podsPerPart = Math.min(this.podsPerPart, half);
      await this.read(names.slice(0, half), signal);
      await this.read(names.slice(half), signal);
      return;
    }
    await this.take(series);
  }
}

/** Adds pods some at a time, so that other callers are answered in between. */
async function addPods(allocator: HourAllocator, pods: PodSeriesByName, signal: AbortSignal): Promise<void> {
  let some: Series[] = [];
  let count = 0;
  for (const series of pods.values()) {
    some.push(...series);
    count += 1;
    if (count % podsPerTurn !== 0) continue;
    allocator.add(some);
    some = [];
    await nextTurn();
    signal.throwIfAborted();
  }
  allocator.add(some);
}

/** Runs a computation to its end, and lets others be answered between its steps. */
async function inTurns<Result>(steps: Generator<undefined, Result>, signal: AbortSignal): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
    signal.throwIfAborted();
  }
}

async function allocate(tenantId: string, window: TimeWindow, context: AllocationContext): Promise<AllocatedHour> {
  const { store, prices, signal, podsPerPart } = context;
  const startMs = performance.now();
  const pods = await store.pods(tenantId, window, signal);
  const allocator = new HourAllocator({ window, prices, series: await store.clusterSeries(tenantId, window, signal) });
  allocator.add(await pods.strays(signal));
  const parts = new PodParts(pods, podsPerPart, (some) => addPods(allocator, some, signal));
  await allOrAbort(signal, Array.from({ length: parallelParts }), (_, inner) => parts.readAll(inner));
  const hour = await inTurns(allocator.finishing(), signal);
  context.onAllocated(hour, (performance.now() - startMs) / 1000);
  return hour;
}

/**
 * What each container took of a cluster in one hour, or in the part of it that has passed. The pods' samples are read in
 * parts of a bounded size, and of each only sums are kept.
 */
export async function readAllocations(
  tenantId: string,
  asked: TimeWindow,
  context: AllocationContext,
): Promise<AllocatedHour> {
  const window = elapsedPart(asked, context.nowMs());
  if (window.endMs === window.startMs) return new HourAllocator({ window, series: [] }).finish();
  return context.turn(context.signal, () => allocate(tenantId, window, context));
}
