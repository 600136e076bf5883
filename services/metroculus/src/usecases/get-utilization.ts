import type { Series, TimeWindow } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { UtilizationMetric } from '@cloudtuner/metroculus-client';
import { measuredMoments, quotaLevels, usageLevels, type QuotaLevel, type UsageLevels } from '../domain/usage-levels';
import { recordedUsage, type UtilizationLine } from '../domain/usage-reading';
import type { UsageStore } from '../ports';

const msPerMinute = 60_000;
// What a step costs the store grows with the containers: these many of 12,000 containers are some seconds of its time.
const aimedSteps = { chart: 180, usage: 120 } as const;
// What Prometheus and Thanos give at most in one range query.
const maxSteps = 11_000;

/** What the use cases work with. */
export interface UsageContext {
  readonly usageStore: UsageStore;
  readonly signal: AbortSignal;
}

/** Whole minutes, at least one, so that a window has no more than about 180 steps in a chart, 120 where it is summed up. */
export function usageStepMs({ startMs, endMs }: TimeWindow, purpose: keyof typeof aimedSteps): number {
  return Math.max(1, Math.ceil((endMs - startMs) / aimedSteps[purpose] / msPerMinute)) * msPerMinute;
}

const stepsOf = ({ startMs, endMs }: TimeWindow, stepMs: number): number => Math.ceil((endMs - startMs) / stepMs);

/** A chart: its lines, how much of it was measured, and how fresh that is. */
export interface Utilization {
  readonly unit: 'cores' | 'bytes' | 'bytes_per_second';
  readonly stepMs: number;
  readonly lines: readonly UtilizationLine[];
  readonly coverage: number;
  readonly lastSampleMs: number | null;
}

/** The sum of two lines, at the moments at which both are known. */
function sumOfLines(name: string, a: UtilizationLine, b: UtilizationLine): UtilizationLine {
  const metrics = [...a.metrics, ...b.metrics];
  const [left, right] = [a.series, b.series];
  if (left === undefined || right === undefined) return { name, method: 'derived', metrics };
  const values = new Map(right.timestampsMs.map((timestampMs, index) => [timestampMs, right.values[index]]));
  const points = left.timestampsMs.flatMap((timestampMs, index) => {
    const [x, y] = [left.values[index], values.get(timestampMs)];
    return x === undefined || y === undefined ? [] : [[timestampMs, x + y] as const];
  });
  const series: Series = {
    labels: {},
    timestampsMs: points.map(([timestampMs]) => timestampMs),
    values: points.map(([, value]) => value),
  };
  return { name, method: 'derived', metrics, series };
}

/** One line for each name: what the cluster records itself where it does, else what is derived; usage first. */
function chosenLines(lines: readonly UtilizationLine[]): UtilizationLine[] {
  const [received, transmitted] = ['received', 'transmitted'].map((name) => lines.find((line) => line.name === name));
  const all =
    received === undefined || transmitted === undefined
      ? lines
      : [...lines, sumOfLines('usage', received, transmitted)];
  const chosen = recordedUsage(all) ?? all.find(({ name, method }) => name === 'usage' && method === 'derived');
  return [...(chosen === undefined ? [] : [chosen]), ...lines.filter(({ name }) => name !== 'usage')];
}

/**
 * How much of a cluster was used, requested and there at each step.
 *
 * @throws AppError `too-many-points` with the limit that was exceeded.
 */
export async function getUtilization(
  tenantId: string,
  request: { readonly window: TimeWindow; readonly metric: UtilizationMetric; readonly stepMs: number },
  { usageStore, signal }: UsageContext,
): Promise<Utilization> {
  const steps = stepsOf(request.window, request.stepMs);
  if (steps > maxSteps) {
    throw new AppError('too-many-points', `The answer would hold more than ${String(maxSteps)} points per series.`, {
      details: { limit: maxSteps, unit: 'points per series' },
    });
  }
  const { unit, lines, lastSampleMs } = await usageStore.utilization(tenantId, request, signal);
  const chosen = chosenLines(lines);
  const measured = chosen.find(({ name }) => name === 'usage')?.series?.timestampsMs.length ?? 0;
  return {
    unit,
    stepMs: request.stepMs,
    lines: chosen,
    coverage: steps === 0 ? 0 : Math.min(1, measured / steps),
    lastSampleMs,
  };
}

/** What namespaces, or the workloads of one, requested, were limited to and used. */
export interface Usage {
  readonly stepMs: number;
  readonly levels: readonly UsageLevels[];
  readonly quotas: readonly QuotaLevel[];
  readonly coverage: number;
  readonly lastSampleMs: number | null;
}

/** Of all namespaces, or of the workloads of the one that is named. */
export async function getUsage(
  tenantId: string,
  { window, namespace }: { readonly window: TimeWindow; readonly namespace?: string },
  { usageStore, signal }: UsageContext,
): Promise<Usage> {
  const stepMs = usageStepMs(window, 'usage');
  const steps = stepsOf(window, stepMs);
  if (steps === 0) return { stepMs, levels: [], quotas: [], coverage: 0, lastSampleMs: null };
  const question = { window, stepMs, ...(namespace === undefined ? {} : { namespace }) };
  const reading = await usageStore.usage(tenantId, question, signal);
  return {
    stepMs,
    levels: usageLevels(reading, { byWorkload: namespace !== undefined }),
    quotas: quotaLevels(reading.quotas),
    coverage: steps === 0 ? 0 : Math.min(1, measuredMoments(reading).size / steps),
    lastSampleMs: reading.lastSampleMs,
  };
}
