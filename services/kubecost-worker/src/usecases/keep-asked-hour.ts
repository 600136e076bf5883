import { createHash } from 'node:crypto';
import { allocationSchema, toKubecostRows } from '@cloudtuner/kubecost-client';
import { kubecostFigureLine, kubecostFigureOf } from '@cloudtuner/metroculus-client';
import { hourSeconds } from '../domain/calendar';
import type { DocumentRow } from '../extract-ports';
import type { Clock, KubecostStore } from '../ports';
import { keepFigures } from './store-statements';

/** What {@link keepAskedHour} works with. */
export interface KeepAskedHourPorts {
  readonly figures: KubecostStore;
  readonly now: Clock;
}

/**
 * Stores what a Kubecost answered of an hour beside what it says through its exporter: what was said last is current, by whatever way it
 * came, and both are held against our own facts alike. It is computed from the document alone, so that it can be computed again.
 *
 * @throws the errors of the ports
 */
export async function keepAskedHour(
  { figures: store, now }: KeepAskedHourPorts,
  cloudAccountId: string,
  asked: {
    readonly hour: number;
    readonly saidAtMs: number;
    readonly rows: readonly DocumentRow[];
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { hour, saidAtMs, signal } = asked;
  const [current] = await store.findStatements(cloudAccountId, { from: hour, until: hour + hourSeconds });
  if (current !== undefined && current.saidAtMs >= saidAtMs) return;
  const rows = toKubecostRows(asked.rows.map(({ body }) => allocationSchema.parse(JSON.parse(body)))).map(
    kubecostFigureOf,
  );
  const hash = createHash('sha256');
  for (const row of rows) hash.update(kubecostFigureLine(row));
  const figures = { rows, sha256: hash.digest('hex') };
  await keepFigures({ store, now }, { cloudAccountId, signal }, { hour, saidAtMs, figures, current });
}
