import type { WorkerMetrics } from '../metrics';
import { storeDay, type DayOutcome, type StoreDayPorts, type StoreDayRequest } from '../usecases/store-day';

/** Storing a day, counted. */
export type StoreDayJob = (request: StoreDayRequest) => Promise<DayOutcome>;

/** Counts what becomes of each day that a job stores. */
export const countedStoreDay =
  (ports: StoreDayPorts, metrics: WorkerMetrics): StoreDayJob =>
  async (request) => {
    try {
      const outcome = await storeDay(ports, request);
      metrics.day(outcome);
      return outcome;
    } catch (error) {
      metrics.day('failed');
      throw error;
    }
  };
