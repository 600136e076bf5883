import { AppError } from '@cloudtuner/errors';
import { maxCompatHours, type MetroculusClient } from '@cloudtuner/metroculus-client';
import type { CompatAllocationsReader } from '../ports';

/** Allocations by OpenCost's arithmetic from metroculus, within the deadline whatever the client's own retries would do. */
export function createMetroculusCompatAllocations(
  client: Pick<MetroculusClient, 'getKubecostCompatAllocations'>,
  { now }: { now: () => number },
): CompatAllocationsReader {
  return {
    maxHours: maxCompatHours,
    async readWindow(cloudAccountId, { startMs, endMs }, { deadlineMs, signal }) {
      const limit = AbortSignal.timeout(Math.max(0, deadlineMs - now()));
      const window = { startSeconds: startMs / 1000, endSeconds: endMs / 1000 };
      try {
        const both = AbortSignal.any([signal, limit]);
        return (await client.getKubecostCompatAllocations({ cloudAccountId, ...window, signal: both })).rows;
      } catch (error) {
        if (signal.aborted || !limit.aborted) throw error;
        throw new AppError('metroculus-timeout', 'The window could not be computed in time.', { cause: error });
      }
    },
  };
}
