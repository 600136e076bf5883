import { isoOf } from '../domain/calendar';
import type { ExtractState } from '../domain/extraction';
import type { ExtractStore, ExtractWindow, DocumentReader } from '../extract-ports';
import type { Account, Locks, Log } from '../ports';
import { ensureFacts } from './ensure-facts';
import { keepAskedHour, type KeepAskedHourPorts } from './keep-asked-hour';

/** What {@link extractWindow} works with. */
export interface ExtractWindowPorts extends KeepAskedHourPorts {
  readonly reader: DocumentReader;
  readonly store: ExtractStore;
  readonly locks: Locks;
  readonly log: Log;
}

/** An account whose Kubecost may be asked. */
export type ExtractAccount = Pick<Account, 'id' | 'organizationId'> & {
  readonly kubecost: NonNullable<Account['kubecost']>;
};

/** `nothing`: Kubecost knows nothing of the window, which is no cost of 0. What was kept of it before stays. */
export type ExtractOutcome = 'stored' | 'unchanged' | 'nothing';

/** Held while a window is read and stored, and while what is left of its old documents is removed. */
export const extractLock = (kind: string, from: number): string => `kubecost-${kind}-${String(from)}`;

/**
 * Reads a window of an account's Kubecost and keeps the answer: its rows first, then the one row that makes it current. Killed anywhere, the
 * old document or the new one is left. The same answer is the same document: only the moment of its reading moves.
 *
 * @throws `hour-busy` when another worker is at it, `hour-lock-lost`, and the errors of the ports
 */
export async function extractWindow(
  { reader, store, figures, locks, now, log }: ExtractWindowPorts,
  request: { readonly account: ExtractAccount; readonly window: ExtractWindow; readonly signal: AbortSignal },
): Promise<ExtractOutcome> {
  const { account, window } = request;
  const { kind, from, to } = window;
  return locks.hold(account.id, extractLock(kind, from), request.signal, async (lock) => {
    const readAtMs = now();
    const { endpoint, clusterId } = account.kubecost;
    const document = await reader.read(
      { id: account.id, organizationId: account.organizationId, endpoint, clusterId },
      window,
      lock.signal,
    );
    const { contentHash, product, cluster, rows } = document;
    if (rows.length === 0 && kind !== 'budgets') return 'nothing';
    const current = (await store.list(account.id, kind, from)).find((state) => state.from === from);
    const key = { hour: from, dataVersion: contentHash };
    await ensureFacts(store.documents(window), { cloudAccountId: account.id, key, rows });
    if (kind === 'allocation') {
      await keepAskedHour({ figures, now }, account.id, { hour: from, saidAtMs: readAtMs, rows, signal: lock.signal });
    }
    await lock.assertHeld();
    const bytes = rows.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
    const state: ExtractState = { ...window, contentHash, readAtMs, product, cluster, rows: rows.length, bytes };
    await store.put(account.id, state);
    if (current?.contentHash === contentHash) return 'unchanged';
    const isRestated = current !== undefined;
    const fields = { cloud_account_id: account.id, kind, from: isoOf(from), to: isoOf(to), rows: rows.length, bytes };
    log.info({ ...fields, is_restated: isRestated }, 'kept what Kubecost says of a window');
    return 'stored';
  });
}
