import { AppError } from '@cloudtuner/errors';
import { msPerHour } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import { hoursToCompute, liveFromMs } from '../../domain/live-hours';
import type { FactsReader, LiveCostsReader } from '../../ports';
import { eachBounded } from '../each-bounded';
import type { LedgerRequest } from '../read-ledger';

/** The worker closes an hour ten minutes after its end. */
const closingMs = 600_000;
const retryAfterMs = 60_000;
const concurrency = 4;

const notClosed = (): AppError =>
  new AppError('export-not-closed', 'The last hours of the window are not closed yet; ask again in some minutes.', {
    retryAfterMs,
  });

/**
 * Refuses to export hours whose version still changes by the minute: two parts of one export would never fit together. They are those
 * that are stored and open, and those that a late worker has not stored though there are samples of them. Only in the first hours of a
 * day can there be any; what the worker has not closed by then stays as it is stored.
 *
 * @throws AppError `export-not-closed`, `clickhouse-unavailable`, and why the store of metrics does not answer
 */
export async function requireClosed(
  { facts, live }: { readonly facts: Pick<FactsReader, 'readHours'>; readonly live: LiveCostsReader },
  accounts: readonly CloudAccount[],
  request: LedgerRequest,
): Promise<void> {
  const { window, nowMs } = request;
  if (nowMs < window.endMs + closingMs) throw notClosed();
  const startMs = Math.max(window.startMs, liveFromMs(nowMs));
  if (startMs >= window.endMs) return;
  const living = accounts.filter(({ type, deletedAt }) => type === 'kubernetes_cnr' && deletedAt === null);
  await eachBounded(living, concurrency, async ({ id }) => {
    const hours = await facts.readHours(id, { startMs, endMs: window.endMs }, request);
    if (hours.some(({ closed }) => !closed)) throw notClosed();
    const missing = hoursToCompute({ startMs, endMs: window.endMs }, nowMs, hours);
    const [first, last] = [missing[0], missing.at(-1)];
    if (first === undefined || last === undefined) return;
    const { liveDeadlineMs: deadlineMs, signal } = request;
    const observed = await live.readHours(id, { startMs: first, endMs: last + msPerHour }, { deadlineMs, signal });
    if (observed.some((hour) => missing.includes(hour.startMs))) throw notClosed();
  });
}
