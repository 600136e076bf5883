import { hourSeconds, isoOf } from '../domain/calendar';
import type { Clock, KubecostFigure, KubecostReader, KubecostStatement, KubecostStore, Log, SaidHour } from '../ports';
import { ensureFacts } from './ensure-facts';

/** What {@link storeStatements} works with. */
export interface StoreStatementsPorts {
  readonly reader: KubecostReader;
  readonly store: KubecostStore;
  readonly now: Clock;
  readonly log: Log;
}

/** What became of the hours that Kubecost spoke of. `incomplete`: no scrape of the hour was whole. */
export interface StoredStatements {
  readonly stored: number;
  readonly confirmed: number;
  readonly known: number;
  readonly incomplete: number;
  /** How far both agree about the latest hour that this was about, if that can be said. */
  readonly latest: { readonly hour: number; readonly consistency: number | null } | null;
}

/** Which hour's scrapes are looked at. */
export interface StoreStatementsRequest {
  readonly cloudAccountId: string;
  /** Start of the hour in which it was said, unix seconds. */
  readonly hour: number;
  /** Whether the hour itself was stored as a closed one: then it can be compared, if Kubecost has spoken of it meanwhile. */
  readonly closed: boolean;
  readonly signal: AbortSignal;
}

type Outcome = 'stored' | 'confirmed' | 'known' | 'incomplete';

/** Stores figures that were said of an hour: the rows of a new version, if they are new, and then that they were said. */
export async function keepFigures(
  { store, now }: Pick<StoreStatementsPorts, 'store' | 'now'>,
  { cloudAccountId, signal }: Pick<StoreStatementsRequest, 'cloudAccountId' | 'signal'>,
  said: {
    readonly hour: number;
    readonly saidAtMs: number;
    readonly figures: { readonly rows: readonly KubecostFigure[]; readonly sha256: string };
    readonly current: KubecostStatement | undefined;
  },
): Promise<'stored' | 'confirmed'> {
  const { hour, saidAtMs, figures, current } = said;
  const isSame = current?.sha256 === figures.sha256 && current.rows === figures.rows.length;
  const statement: KubecostStatement = {
    hour,
    dataVersion: isSame ? current.dataVersion : String(saidAtMs),
    saidAtMs,
    sha256: figures.sha256,
    rows: figures.rows.length,
  };
  await ensureFacts(store.figures, { cloudAccountId, key: statement, rows: figures.rows });
  signal.throwIfAborted();
  await store.putStatement(cloudAccountId, statement, now());
  return isSame ? 'confirmed' : 'stored';
}

/**
 * Stores one hour if it was said later than what is stored. What is said again unchanged keeps its rows, and only the moment moves on, so
 * that an earlier statement that arrives later is known to be out of date.
 */
async function storeOne(
  { reader, store, now }: StoreStatementsPorts,
  { cloudAccountId, signal }: StoreStatementsRequest,
  { said, current }: { readonly said: SaidHour; readonly current: KubecostStatement | undefined },
): Promise<Outcome> {
  const news = said.saidAtMs.filter((saidAtMs) => saidAtMs > (current?.saidAtMs ?? -1));
  if (news.length === 0) return 'known';
  for (const saidAtMs of news) {
    const figures = await reader.figures(cloudAccountId, { hour: said.hour, saidAtMs }, signal);
    if (figures === null) continue;
    return keepFigures({ store, now }, { cloudAccountId, signal }, { hour: said.hour, saidAtMs, figures, current });
  }
  return 'incomplete';
}

/**
 * Stores what Kubecost said, in one hour, of hours that had ended: for each the last scrape that is whole, unless what is stored was said
 * later. Rows first, the pointer last, and the pointer only ever moves to what was said later: run again, in any order, on any worker, it
 * ends in the same rows. Late samples of the hour bring it here again, as they do our own facts.
 *
 * @throws the errors of the ports
 */
export async function storeStatements(
  ports: StoreStatementsPorts,
  request: StoreStatementsRequest,
): Promise<StoredStatements> {
  const { reader, store, log } = ports;
  const { cloudAccountId, hour, closed, signal } = request;
  const said = await reader.saidIn(cloudAccountId, hour, signal);
  const counts = { stored: 0, confirmed: 0, known: 0, incomplete: 0 };
  const [first, last] = [said[0], said.at(-1)];
  const window = { from: first?.hour ?? hour, until: (last?.hour ?? hour) + hourSeconds };
  const stored = said.length === 0 ? [] : await store.findStatements(cloudAccountId, window);
  const known = new Map(stored.map((one) => [one.hour, one]));
  let latestHour = closed ? hour : null;
  for (const one of said) {
    const outcome = await storeOne(ports, request, { said: one, current: known.get(one.hour) });
    counts[outcome] += 1;
    if (outcome === 'stored' || outcome === 'confirmed') latestHour = Math.max(latestHour ?? 0, one.hour);
    if (outcome === 'incomplete')
      log.warn({ cloud_account_id: cloudAccountId, hour: isoOf(one.hour) }, 'no scrape of what Kubecost said is whole');
  }
  if (latestHour === null) return { ...counts, latest: null };
  const consistency = await store.consistencyOf(cloudAccountId, latestHour);
  if (counts.stored > 0) {
    const told = { cloud_account_id: cloudAccountId, hour: isoOf(latestHour), ...counts, consistency };
    log.info(told, 'stored what Kubecost said');
  }
  return { ...counts, latest: { hour: latestHour, consistency } };
}
