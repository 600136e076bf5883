import { isAppError } from '@cloudtuner/errors';
import { isoOf } from '../domain/calendar';
import type { WorkerMetrics } from '../metrics';
import type { HourSlots } from './hour-slots';
import { storeHour, type HourOutcome, type StoreHourPorts, type StoreHourRequest } from '../usecases/store-hour';
import { storeStatements, type StoreStatementsPorts } from '../usecases/store-statements';

/** Storing an hour, counted. */
export type StoreHourJob = (request: StoreHourRequest) => Promise<HourOutcome>;

/** What every job that stores hours shares. */
export interface StoreHourJobPorts {
  readonly ports: StoreHourPorts;
  readonly slots: HourSlots;
  readonly metrics: WorkerMetrics;
  /** What Kubecost itself said in the hour is stored after it. */
  readonly statements: StoreStatementsPorts;
}

/**
 * What Kubecost says is for comparing: an hour of ours never fails for it. What could not be read now is found by the next reading of the
 * hour: late samples, the next refresh, or the daily sweep.
 */
async function storeSaid(
  { statements, metrics }: StoreHourJobPorts,
  { cloudAccountId, hour, closed, signal }: StoreHourRequest,
): Promise<void> {
  try {
    metrics.statements(cloudAccountId, await storeStatements(statements, { cloudAccountId, hour, closed, signal }));
  } catch (error) {
    if (signal.aborted) throw error;
    metrics.statementsFailed();
    const fields = { err: error, cloud_account_id: cloudAccountId, hour: isoOf(hour) };
    statements.log.warn(fields, 'could not store what Kubecost said');
  }
}

/** Counts what becomes of each hour that a job stores. */
export const countedStoreHour =
  (job: string, jobPorts: StoreHourJobPorts): StoreHourJob =>
  async (request) => {
    const { ports, slots, metrics } = jobPorts;
    try {
      return await slots(request.signal, async () => {
        const outcome = await storeHour(ports, request);
        metrics.hour(job, outcome);
        await storeSaid(jobPorts, request);
        return outcome;
      });
    } catch (error) {
      metrics.hour(job, isAppError(error) && error.code === 'facts-unbalanced' ? 'unbalanced' : 'failed');
      throw error;
    }
  };
