import { AppError, isAppError } from '@cloudtuner/errors';
import { hourSeconds, isoOf } from '../domain/calendar';
import type { HourState } from '../domain/hour-state';
import type { CostSink, ExportAccount, ExportObserver, ExportReceipt, ExportSource } from '../export-ports';
import type { HourStore, Locks, Log } from '../ports';

/** What {@link exportHours} works with. */
export interface ExportHoursPorts {
  readonly accounts: { find(cloudAccountId: string): Promise<ExportAccount | null> };
  readonly store: Pick<HourStore, 'findHours'>;
  readonly source: ExportSource;
  readonly sink: CostSink;
  readonly locks: Locks;
  readonly log: Log;
  readonly observe: ExportObserver;
}

/** Which hours: `[from, to)`, unix seconds. */
export interface ExportHoursRequest {
  readonly cloudAccountId: string;
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
}

/** An hour that the sink does not have as it is, and what it has of it. */
interface DueHour {
  readonly state: HourState;
  readonly receipt: ExportReceipt | undefined;
}

const versionOf = ({ layout }: ExportSource, { dataVersion }: HourState): string => `${dataVersion}/${layout}`;

const storedFirst = (states: readonly HourState[]): number | null =>
  states.length === 0 ? null : Math.min(...states.map(({ readAtMs }) => readAtMs));

/** Newest first, because that is what people look at. */
async function dueHours(
  { store, source, sink, observe }: ExportHoursPorts,
  account: ExportAccount,
  { from, to, signal }: ExportHoursRequest,
): Promise<readonly DueHour[]> {
  const states = (await store.findHours(account.id, { from, to })).filter(({ closed }) => closed);
  if (states.length === 0) return [];
  // The hour that was just stored is not there yet, whatever happens next; of a longer window that is not known.
  if (to - from === hourSeconds) observe.waitingSince(account.id, storedFirst(states));
  const receipts = await sink.receipts(account, { from, to }, signal);
  return states
    .map((state) => ({ state, receipt: receipts.get(state.hour) }))
    .filter(({ state, receipt }) => receipt?.complete !== true || receipt.version !== versionOf(source, state))
    .toReversed();
}

/**
 * Brings one hour to the sink. The receipt is opened first and closed last: whoever finds an open one, or one of another version, takes all
 * points of the hour away before writing. So a row that a correction removed does not stay, and is at no moment there beside what
 * replaced it: for a moment the hour is missing, it is never counted twice.
 */
async function exportHour(
  { source, sink }: ExportHoursPorts,
  account: ExportAccount,
  { state, receipt }: DueHour,
  signal: AbortSignal,
): Promise<'written' | 'corrected' | 'too-old'> {
  const { hour } = state;
  const version = versionOf(source, state);
  const points = await source.points(account, state);
  // It was replaced while it was being read, and cleaned up: whoever replaced it has asked for another export.
  if (points.length === 0 && state.assetRows > 0)
    throw new AppError('facts-incomplete', 'The facts of the hour are gone.');
  if ((await sink.putReceipt(account, hour, { version, complete: false, points: points.length }, signal)) === 'too-old')
    return 'too-old';
  if (receipt !== undefined) await sink.removeHour(account, hour, signal);
  await sink.write(account, hour, points, signal);
  await sink.putReceipt(account, hour, { version, complete: true, points: points.length }, signal);
  return receipt === undefined ? 'written' : 'corrected';
}

/** Exports one hour and tells of it; answers the error when the sink refuses just this hour. */
async function tryHour(
  ports: ExportHoursPorts,
  account: ExportAccount,
  due: DueHour,
  signal: AbortSignal,
): Promise<AppError | null> {
  const { log, observe } = ports;
  const fields = { cloud_account_id: account.id, hour: isoOf(due.state.hour) };
  try {
    const outcome = await exportHour(ports, account, due, signal);
    observe.outcome(outcome);
    log.info({ ...fields, outcome }, 'exported an hour');
    return null;
  } catch (error) {
    observe.outcome('failed');
    if (!isAppError(error) || error.kind !== 'upstream-rejected') throw error;
    log.warn({ ...fields, err: error }, 'could not export an hour');
    return error;
  }
}

/**
 * Makes the sink say of every closed hour of the window what is stored of it. What there is to do is found by comparing both, so it may be
 * asked for at any time and any number of times, and killed anywhere. An hour that the sink refuses does not keep the others back.
 *
 * @throws `hour-busy` when the account is being exported, the errors of the sink and of the store
 */
export async function exportHours(ports: ExportHoursPorts, request: ExportHoursRequest): Promise<number> {
  const { cloudAccountId, signal } = request;
  const account = await ports.accounts.find(cloudAccountId);
  if (account === null) {
    ports.observe.waitingSince(cloudAccountId, null);
    return 0;
  }
  return ports.locks.hold(cloudAccountId, 'export-influxdb', signal, async (lock) => {
    const due = await dueHours(ports, account, { ...request, signal: lock.signal });
    const waiting = due.map(({ state }) => state);
    const refused: AppError[] = [];
    for (const one of due) {
      ports.observe.waitingSince(cloudAccountId, storedFirst(waiting));
      const refusal = await tryHour(ports, account, one, lock.signal);
      if (refusal === null) waiting.splice(waiting.indexOf(one.state), 1);
      else refused.push(refusal);
    }
    ports.observe.waitingSince(cloudAccountId, storedFirst(waiting));
    if (refused[0] !== undefined) throw refused[0];
    return due.length;
  });
}
