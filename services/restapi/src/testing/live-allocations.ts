import { createHash } from 'node:crypto';
import {
  allocationFactLine,
  costComponents,
  emptyAllocation,
  formatCost,
  formatNanos,
  nanosFromNumber,
  sumNanos,
  type AllocationFact,
} from '@cloudtuner/cost-model';
import type { AllocationsEnd, CostDataPoint } from '@cloudtuner/metroculus-client';

/** The costs of an hour as those of one container. */
function containerOf(point: CostDataPoint): AllocationFact {
  const nanos = costComponents.map((component) => {
    const cost = point[component];
    return [component, cost === null ? null : nanosFromNumber(cost)] as const;
  });
  return {
    ...emptyAllocation,
    kind: 'container',
    namespace: 'live',
    pod: 'live-pod',
    pod_uid: 'live-uid',
    container: 'main',
    ended_seconds: 3_600,
    covered_seconds: 3_600,
    ...Object.fromEntries(nanos.map(([name, cost]) => [name, formatCost(cost)])),
    total_cost: formatNanos(sumNanos(nanos.map(([, cost]) => cost ?? 0n))),
  };
}

/** The stream of an hour: these facts, or its data point as one container, or nothing observed. */
export function allocationsStream(
  point: CostDataPoint | undefined,
  facts: readonly AllocationFact[] | undefined,
): string {
  const lines = (facts ?? (point === undefined ? [] : [containerOf(point)])).map(allocationFactLine);
  const passedSeconds = point === undefined ? 0 : point.end_timestamp - point.timestamp;
  const end: AllocationsEnd = {
    end: true,
    asset_rows: 0,
    rows: lines.length,
    sha256: createHash('sha256').update(lines.join('')).digest('hex'),
    measured_seconds: Math.round((point?.coverage ?? 0) * passedSeconds),
    expected_seconds: 3_600,
    last_sample_at: point?.last_sample_at ?? null,
    flags: point?.flags ?? [],
  };
  return [...lines, `${JSON.stringify(end)}\n`].join('');
}
