import { allocateCompat, msPerHour, type AllocationFact, type Series, type TimeWindow } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { maxCompatHours } from '@cloudtuner/metroculus-client';
import { PodParts, type AllocationContext } from './read-allocations';
import { elapsedPart } from './read-assets';

/** What allocations by OpenCost's arithmetic are read with. */
export interface CompatContext extends Pick<AllocationContext, 'store' | 'nowMs' | 'signal' | 'podsPerPart' | 'turn'> {
  /** Means over a window need all of its samples at once. */
  readonly maxSamples: number;
}

/** Series that are in memory together, up to a number of samples. */
class BoundedSeries {
  readonly series: Series[] = [];
  private samples = 0;

  constructor(private readonly maxSamples: number) {}

  /** @throws AppError `metrics-query-too-large` */
  add(some: Iterable<Series>): void {
    for (const one of some) {
      this.samples += one.timestampsMs.length;
      if (this.samples > this.maxSamples) {
        const detail = `The window has more than ${String(this.maxSamples)} samples: ask for a shorter one.`;
        throw new AppError('metrics-query-too-large', detail, { details: { max_samples: this.maxSamples } });
      }
      this.series.push(one);
    }
  }
}

async function allocate(tenantId: string, window: TimeWindow, context: CompatContext): Promise<AllocationFact[]> {
  const { store, signal, podsPerPart, maxSamples } = context;
  const bounded = new BoundedSeries(maxSamples);
  const pods = await store.pods(tenantId, window, signal);
  bounded.add(await store.clusterSeries(tenantId, window, signal));
  bounded.add(await store.claimSeries(tenantId, window, signal));
  bounded.add(await pods.strays(signal));
  // Parts are of about as many samples as those of an hour.
  const hours = Math.max(1, (window.endMs - window.startMs) / msPerHour);
  const parts = new PodParts(pods, Math.max(1, Math.floor(podsPerPart / hours)), (some) => {
    for (const series of some.values()) bounded.add(series);
    return Promise.resolve();
  });
  await parts.readAll(signal);
  return allocateCompat({ window, series: bounded.series });
}

/**
 * What each container took of a cluster in a window, or in the part of it that has passed, by OpenCost's arithmetic. It is never stored.
 *
 * @throws AppError `range-too-long` above a day, `metrics-query-too-large` above the samples that are read at once
 */
export async function readCompatAllocations(
  tenantId: string,
  asked: TimeWindow,
  context: CompatContext,
): Promise<AllocationFact[]> {
  if (asked.endMs - asked.startMs > maxCompatHours * msPerHour) {
    throw new AppError('range-too-long', `The window is longer than ${String(maxCompatHours)} hours.`, {
      details: { limit: maxCompatHours, unit: 'hours' },
    });
  }
  const window = elapsedPart(asked, context.nowMs());
  if (window.endMs <= window.startMs) return [];
  return context.turn(context.signal, () => allocate(tenantId, window, context));
}
