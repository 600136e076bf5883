import { AppError } from '@cloudtuner/errors';
import { msPerHour, nanosFromNumber } from '@cloudtuner/cost-model';
import type { CostDataPoint, MetroculusClient } from '@cloudtuner/metroculus-client';
import type { Logger } from '@cloudtuner/service-kit';
import { componentsFrom, costsOf } from '../domain/costs';
import type { LedgerEntry } from '../domain/ledger';
import type { LiveCostsReader } from '../ports';

function toEntry(point: CostDataPoint, nowMs: number): LedgerEntry {
  const startMs = point.timestamp * 1000;
  // The running hour comes cut at now; in the ledger it is an hour all the same.
  const observedUntilMs = Math.min(point.end_timestamp * 1000, nowMs);
  const costs = costsOf(
    componentsFrom((component) => {
      const amount = point[component];
      return amount === null ? null : nanosFromNumber(amount);
    }),
  );
  return {
    startMs,
    endMs: startMs + msPerHour,
    costs,
    measuredSeconds: (point.coverage * Math.max(0, observedUntilMs - startMs)) / 1000,
    closed: false,
    dataVersion: point.data_version,
    lastSampleMs: point.last_sample_at === null ? null : point.last_sample_at * 1000,
    flags: point.flags,
  };
}

const observed = (point: CostDataPoint): boolean => point.last_sample_at !== null || point.coverage > 0;

/** Live costs from metroculus, within the deadline whatever the client's own retries would do. */
export function createMetroculusLiveCosts(
  client: Pick<MetroculusClient, 'getKubecostClusterCosts'>,
  { logger, now }: { logger: Logger; now: () => number },
): LiveCostsReader {
  return {
    async readHours(cloudAccountId, window, { deadlineMs, signal }) {
      const remainingMs = deadlineMs - now();
      if (remainingMs <= 0) throw new AppError('metroculus-timeout', 'No time is left for live costs.');
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(remainingMs)]);
      try {
        const { data_points: points } = await client.getKubecostClusterCosts({
          cloudAccountId,
          startSeconds: window.startMs / 1000,
          endSeconds: window.endMs / 1000,
          signal: deadline,
        });
        return points.filter(observed).map((point) => toEntry(point, now()));
      } catch (error) {
        logger.warn({ err: error, cloud_account_id: cloudAccountId }, 'no live costs');
        throw error;
      }
    },
  };
}
