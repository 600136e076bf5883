import type { MetroculusClient } from '@cloudtuner/metroculus-client';
import { hourSeconds } from '../../domain/calendar';
import type { HourReader } from '../../ports';

/** Hours as metroculus computes them from the samples. */
export function createHourReader(client: Pick<MetroculusClient, 'getKubecostAllocations'>): HourReader {
  return {
    async readHour(cloudAccountId, hour, signal) {
      const { assets, allocations, end } = await client.getKubecostAllocations({
        cloudAccountId,
        startSeconds: hour,
        endSeconds: hour + hourSeconds,
        signal,
      });
      return {
        assets,
        allocations,
        sha256: end.sha256,
        measuredSeconds: end.measured_seconds,
        observedSeconds: end.observed_seconds ?? end.measured_seconds,
        expectedSeconds: end.expected_seconds,
        lastSampleSeconds: end.last_sample_at,
        flags: end.flags,
      };
    },
  };
}
