import { AppError } from '@cloudtuner/errors';
import { formatNanos } from '@cloudtuner/cost-model';
import { isoOf } from '../domain/calendar';
import { imbalancesOf } from '../domain/fact-balance';
import { decide, type HourReading, type HourState } from '../domain/hour-state';
import type { Clock, HourReader, HourStore, Locks, Log } from '../ports';
import { ensureFacts } from './ensure-facts';

/** What {@link storeHour} works with. */
export interface StoreHourPorts {
  readonly reader: HourReader;
  readonly store: HourStore;
  readonly locks: Locks;
  readonly now: Clock;
  readonly log: Log;
}

/** Which hour, and whether it has ended. */
export interface StoreHourRequest {
  readonly cloudAccountId: string;
  /** Start of the hour, unix seconds. */
  readonly hour: number;
  readonly closed: boolean;
  readonly signal: AbortSignal;
}

/** `kept`: the reading knows less than what is stored. `nothing`: a running hour without a sample. */
export type HourOutcome = 'stored' | 'unchanged' | 'kept' | 'nothing';

/** Of an hour whose newest reading does not add up. */
const unbalancedFlag = 'allocations-unbalanced';

/** What is told of an hour in every log line. */
type LogFields = Readonly<Record<string, unknown>>;

/**
 * Law 1 at the gate: an hour whose allocations are not its assets, to the nano and resource by resource, is not stored. What is stored stays,
 * flagged once, so that its readers know of a newer reading that could not be used.
 */
async function refuseUnbalanced(
  { store, log }: StoreHourPorts,
  cloudAccountId: string,
  { reading, current, fields }: { reading: HourReading; current: HourState | null; fields: LogFields },
): Promise<void> {
  const imbalances = imbalancesOf(reading.assets, reading.allocations);
  if (imbalances.length === 0) return;
  const details = imbalances.map(({ resource, assetNanos, allocationNanos }) => ({
    resource,
    assets: formatNanos(assetNanos),
    allocations: formatNanos(allocationNanos),
  }));
  log.warn({ ...fields, data_version: reading.sha256, imbalances: details }, 'refused an hour that does not add up');
  if (current !== null && !current.flags.includes(unbalancedFlag)) {
    await store.putHour(cloudAccountId, {
      ...current,
      readAtMs: current.readAtMs + 1,
      flags: [...current.flags, unbalancedFlag].toSorted(),
    });
  }
  throw new AppError('facts-unbalanced', 'The allocations of the hour do not add up to its assets.');
}

/**
 * Reads an hour and makes it the current one: assets and allocations first, then the one row that makes both current. Killed anywhere, the
 * old answer or the new one is left. A reading that says the same as what is stored writes nothing.
 *
 * @throws `hour-busy` when another worker is at it, `hour-lock-lost`, `facts-unbalanced`, and the errors of the ports
 */
export async function storeHour(ports: StoreHourPorts, request: StoreHourRequest): Promise<HourOutcome> {
  const { cloudAccountId, hour, closed } = request;
  const { reader, store, locks, now, log } = ports;
  return locks.hold(cloudAccountId, `hour-${String(hour)}`, request.signal, async (lock) => {
    const current = await store.findHour(cloudAccountId, hour);
    const readAtMs = now();
    const reading = await reader.readHour(cloudAccountId, hour, lock.signal);
    const decision = decide(current, reading, { hour, closed, readAtMs });
    const fields = { cloud_account_id: cloudAccountId, hour: isoOf(hour), closed };
    if (decision.kind === 'nothing') return 'nothing';
    if (decision.kind === 'keep') {
      log.warn(
        { ...fields, measured_seconds: reading.measuredSeconds, stored_seconds: current?.measuredSeconds },
        'kept the stored hour: the samples of it are no longer all there',
      );
      return 'kept';
    }
    const { state } = decision;
    await refuseUnbalanced(ports, cloudAccountId, { reading, current, fields });
    await ensureFacts(store.assets, { cloudAccountId, key: state, rows: reading.assets });
    await ensureFacts(store.allocations, { cloudAccountId, key: state, rows: reading.allocations });
    if (decision.kind === 'unchanged') return 'unchanged';
    await lock.assertHeld();
    await store.putHour(cloudAccountId, state);
    log.info(
      {
        ...fields,
        data_version: state.dataVersion,
        assets: state.assetRows,
        allocations: state.allocationRows,
        measured_seconds: state.measuredSeconds,
      },
      'stored an hour',
    );
    return 'stored';
  });
}
