import { isAppError } from '@cloudtuner/errors';
import { isoOf } from '../domain/calendar';
import type { HourReading } from '../domain/hour-state';
import type { ExportRequests } from '../export-ports';
import type { WorkerMetrics } from '../metrics';
import type { HourReader } from '../ports';
import type { HourSlots } from './hour-slots';
import { storeDescriptions, type StoreDescriptionsPorts } from '../usecases/store-descriptions';
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
  /** What the cluster was is stored with each closed hour. */
  readonly descriptions: StoreDescriptionsPorts;
  /** Whoever is to be told of a closed hour that was stored anew; absent: nobody. */
  readonly exports?: Pick<ExportRequests, 'exportHour'>;
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

/** What a cluster was describes its costs: an hour never fails for it either. */
async function storeDescribed(
  { descriptions, statements, metrics }: StoreHourJobPorts,
  { cloudAccountId, hour, signal }: StoreHourRequest,
  reading: HourReading,
): Promise<void> {
  try {
    await storeDescriptions(descriptions, { cloudAccountId, hour, reading, signal });
    metrics.described('stored');
  } catch (error) {
    if (signal.aborted) throw error;
    metrics.described('failed');
    const fields = { err: error, cloud_account_id: cloudAccountId, hour: isoOf(hour) };
    statements.log.warn(fields, 'could not store what describes a cluster');
  }
}

/** An export has a queue of its own: an hour neither waits nor fails for it. What could not be asked for is found within the hour. */
async function askForExport(
  { exports, statements }: StoreHourJobPorts,
  { cloudAccountId, hour }: StoreHourRequest,
): Promise<void> {
  try {
    await exports?.exportHour(cloudAccountId, hour);
  } catch (error) {
    const fields = { err: error, cloud_account_id: cloudAccountId, hour: isoOf(hour) };
    statements.log.warn(fields, 'could not ask for an export');
  }
}

/** Counts an hour once: by its outcome or, when there is none, by why. */
async function countedOutcome(
  job: string,
  metrics: WorkerMetrics,
  store: () => Promise<HourOutcome>,
): Promise<HourOutcome> {
  try {
    const outcome = await store();
    metrics.hour(job, outcome);
    return outcome;
  } catch (error) {
    metrics.hour(job, isAppError(error) && error.code === 'facts-unbalanced' ? 'unbalanced' : 'failed');
    throw error;
  }
}

/** Stores an hour, then what else it says. */
async function storeAll(jobPorts: StoreHourJobPorts, job: string, request: StoreHourRequest): Promise<HourOutcome> {
  const { ports, metrics } = jobPorts;
  const read: { reading?: HourReading } = {};
  const readHour: HourReader['readHour'] = async (...what) => (read.reading = await ports.reader.readHour(...what));
  const outcome = await countedOutcome(job, metrics, () => storeHour({ ...ports, reader: { readHour } }, request));
  if (request.closed && outcome === 'stored') await askForExport(jobPorts, request);
  // Of an hour that is kept the store of samples knows less than there was.
  const { reading } = read;
  const isWhole = outcome === 'stored' || outcome === 'unchanged';
  if (request.closed && isWhole && reading !== undefined && reading.assets.length > 0)
    await storeDescribed(jobPorts, request, reading);
  await storeSaid(jobPorts, request);
  return outcome;
}

/** Counts what becomes of each hour that a job stores. */
export const countedStoreHour =
  (job: string, jobPorts: StoreHourJobPorts): StoreHourJob =>
  (request) =>
    jobPorts.slots(request.signal, () => storeAll(jobPorts, job, request));
