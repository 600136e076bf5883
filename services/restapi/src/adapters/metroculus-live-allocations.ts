import { AppError } from '@cloudtuner/errors';
import type { MetroculusClient } from '@cloudtuner/metroculus-client';
import type { Logger } from '@cloudtuner/service-kit';
import type { LiveAllocationsReader } from '../ports';

/** Live allocations from metroculus, within the deadline whatever the client's own retries would do. */
export function createMetroculusLiveAllocations(
  client: Pick<MetroculusClient, 'getKubecostAllocations'>,
  { logger, now }: { logger: Logger; now: () => number },
): LiveAllocationsReader {
  return {
    async readHour(cloudAccountId, hour, { deadlineMs, signal }) {
      const remainingMs = deadlineMs - now();
      if (remainingMs <= 0) throw new AppError('metroculus-timeout', 'No time is left for live costs.');
      try {
        const { allocations, end } = await client.getKubecostAllocations({
          cloudAccountId,
          startSeconds: hour.startMs / 1000,
          endSeconds: hour.endMs / 1000,
          signal: AbortSignal.any([signal, AbortSignal.timeout(remainingMs)]),
        });
        if (end.last_sample_at === null && end.measured_seconds === 0 && allocations.length === 0) return null;
        const observed = {
          ...hour,
          measuredSeconds: end.measured_seconds,
          closed: false,
          dataVersion: end.sha256,
          lastSampleMs: end.last_sample_at === null ? null : end.last_sample_at * 1000,
          flags: end.flags,
        };
        return { observed, facts: allocations };
      } catch (error) {
        logger.warn({ err: error, cloud_account_id: cloudAccountId }, 'no live allocations');
        throw error;
      }
    },
  };
}
