import { randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { AssetFact } from '@cloudtuner/cost-model';
import { isoOf } from '../domain/calendar';
import { decide } from '../domain/hour-state';
import type { Clock, FactsKey, HourReader, HourStore, Locks, Log } from '../ports';

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

const writeAttempts = 3;

/**
 * Sees to it that exactly these facts are there. The first attempt has a token that every run of this version shares, so that an insert
 * whose answer was lost is not done twice. Should the rows still not be as they must be (the server remembered the token but lost the
 * rows; a hand in the database), they are written anew under a token of their own.
 */
async function ensureFacts(
  store: HourStore,
  cloudAccountId: string,
  key: FactsKey,
  rows: readonly AssetFact[],
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await store.countFacts(cloudAccountId, key);
    if (found === rows.length) return;
    if (attempt > writeAttempts) break;
    if (found > 0) await store.removeFacts(cloudAccountId, key);
    const token = `${cloudAccountId}|${String(key.hour)}|${key.dataVersion}`;
    await store.insertFacts(
      cloudAccountId,
      key,
      rows,
      attempt === 1 && found === 0 ? token : `${token}|${randomUUID()}`,
    );
  }
  throw new AppError('facts-incomplete', 'ClickHouse does not hold the rows that were written.');
}

/**
 * Reads an hour and makes it the current one: facts first, as one block, then the one row that makes them current. Killed anywhere, the old
 * answer or the new one is left. A reading that says the same as what is stored writes nothing.
 *
 * @throws `hour-busy` when another worker is at it, `hour-lock-lost`, and the errors of the ports
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
    await ensureFacts(store, cloudAccountId, state, reading.rows);
    if (decision.kind === 'unchanged') return 'unchanged';
    await lock.assertHeld();
    await store.putHour(cloudAccountId, state);
    log.info(
      { ...fields, data_version: state.dataVersion, rows: state.rows, measured_seconds: state.measuredSeconds },
      'stored an hour',
    );
    return 'stored';
  });
}
