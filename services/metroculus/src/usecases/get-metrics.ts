import type { Series, TimeWindow } from '@cloudtuner/cost-model';
import { AppError, isAppError } from '@cloudtuner/errors';
import type { MetricsStore } from '../ports';

const msPerMinute = 60_000;
const aimedPointsPerSeries = 300;
// What Prometheus and Thanos give at most in one range query.
const maxPointsPerSeries = 11_000;

/** Whole minutes, at least one, so that no series has more than about 300 points. */
export function defaultStepMs({ startMs, endMs }: TimeWindow): number {
  return Math.max(1, Math.ceil((endMs - startMs) / aimedPointsPerSeries / msPerMinute)) * msPerMinute;
}

function tooManyPoints(unit: string, limit: number, cause?: unknown): AppError {
  return new AppError('too-many-points', `The answer would hold more than ${String(limit)} ${unit}.`, {
    details: { limit, unit },
    cause,
  });
}

/**
 * Series by metric name.
 *
 * @throws AppError `too-many-points` with the limit that was exceeded.
 */
export async function getMetrics(
  tenantId: string,
  request: { readonly window: TimeWindow; readonly stepMs: number; readonly metrics?: readonly string[] },
  context: { readonly store: MetricsStore; readonly signal: AbortSignal; readonly maxPoints: number },
): Promise<ReadonlyMap<string, readonly Series[]>> {
  const { startMs, endMs } = request.window;
  if ((endMs - startMs) / request.stepMs > maxPointsPerSeries)
    throw tooManyPoints('points per series', maxPointsPerSeries);
  const { store, signal, maxPoints } = context;
  const series = await store.metricSeries(tenantId, request, signal).catch((error: unknown) => {
    if (isAppError(error) && error.code === 'metrics-query-too-large') throw tooManyPoints('points', maxPoints, error);
    throw error;
  });
  const points = series.reduce((total, { values }) => total + values.length, 0);
  if (points > maxPoints) throw tooManyPoints('points', maxPoints);
  const byName = new Map<string, Series[]>();
  for (const one of series) {
    const name = one.labels['__name__'] ?? '';
    byName.set(name, [...(byName.get(name) ?? []), one]);
  }
  return byName;
}
