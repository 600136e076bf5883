import type { WorkerMetrics } from '../metrics';
import { storeHour, type HourOutcome, type StoreHourPorts, type StoreHourRequest } from '../usecases/store-hour';

/** Storing an hour, counted. */
export type StoreHourJob = (request: StoreHourRequest) => Promise<HourOutcome>;

/** Counts what becomes of each hour that a job stores. */
export const countedStoreHour =
  (job: string, ports: StoreHourPorts, metrics: WorkerMetrics): StoreHourJob =>
  async (request) => {
    try {
      const outcome = await storeHour(ports, request);
      metrics.hour(job, outcome);
      return outcome;
    } catch (error) {
      metrics.hour(job, 'failed');
      throw error;
    }
  };
