import { isAppError } from '@cloudtuner/errors';
import type { WorkerMetrics } from '../metrics';
import type { HourSlots } from './hour-slots';
import { storeHour, type HourOutcome, type StoreHourPorts, type StoreHourRequest } from '../usecases/store-hour';

/** Storing an hour, counted. */
export type StoreHourJob = (request: StoreHourRequest) => Promise<HourOutcome>;

/** What every job that stores hours shares. */
export interface StoreHourJobPorts {
  readonly ports: StoreHourPorts;
  readonly slots: HourSlots;
  readonly metrics: WorkerMetrics;
}

/** Counts what becomes of each hour that a job stores. */
export const countedStoreHour =
  (job: string, { ports, slots, metrics }: StoreHourJobPorts): StoreHourJob =>
  async (request) => {
    try {
      const outcome = await slots(request.signal, () => storeHour(ports, request));
      metrics.hour(job, outcome);
      return outcome;
    } catch (error) {
      metrics.hour(job, isAppError(error) && error.code === 'facts-unbalanced' ? 'unbalanced' : 'failed');
      throw error;
    }
  };
