import { createHash, randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import { saysTheSame } from '../domain/summary-windows';
import type { HeldLock } from '../ports';
import type { Summary, SummaryState, SummaryStore } from '../summary-ports';

const writeAttempts = 3;

const tokenOf = (cloudAccountId: string, summaries: readonly Summary[]): string => {
  const versions = summaries.map(({ duration, start, dataVersion }) => `${duration} ${String(start)} ${dataVersion}\n`);
  return `${cloudAccountId}|${createHash('sha256').update(versions.join('')).digest('hex')}`;
};

/** Sees to it that the rows of these versions are there, each once. Nobody reads them before a pointer names their version. */
async function ensureRows(store: SummaryStore, cloudAccountId: string, summaries: readonly Summary[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const counts = await store.countRows(cloudAccountId, summaries);
    const missing = summaries.filter(({ rows }, index) => counts[index] !== rows);
    if (missing.length === 0) return;
    if (attempt > writeAttempts) break;
    const broken = missing.filter((summary) => (counts[summaries.indexOf(summary)] ?? 0) > 0);
    if (broken.length > 0) await store.removeRows(cloudAccountId, broken);
    const token = tokenOf(cloudAccountId, missing);
    // Every run of these versions shares the first token; the server may remember it and have lost the rows.
    const isFirst = attempt === 1 && broken.length === 0;
    await store.insertRows(cloudAccountId, missing, isFirst ? token : `${token}|${randomUUID()}`);
  }
  throw new AppError('facts-incomplete', 'ClickHouse does not hold the summaries that were written.');
}

/**
 * Makes summaries of one month true, all at once: rows first, pointers last and as one block. What is true already is not written.
 *
 * @returns how many windows were written
 */
export async function storeSummaries(
  store: SummaryStore,
  { cloudAccountId, lock }: { readonly cloudAccountId: string; readonly lock: HeldLock },
  { current, wanted }: { readonly current: readonly SummaryState[]; readonly wanted: readonly Summary[] },
): Promise<number> {
  const stateOf = ({ duration, start }: Summary): SummaryState | undefined =>
    current.find((state) => state.duration === duration && state.start === start);
  const changed = wanted.filter((summary) => !saysTheSame(stateOf(summary), summary));
  if (changed.length === 0) return 0;
  const withRows = changed.filter((summary) => stateOf(summary)?.dataVersion !== summary.dataVersion);
  await ensureRows(store, cloudAccountId, withRows);
  await lock.assertHeld();
  await store.putStates(
    cloudAccountId,
    changed.map((summary) => ({
      ...summary,
      // Larger than the current one whatever the clocks of two workers say.
      writtenAtMs: Math.max(summary.writtenAtMs, (stateOf(summary)?.writtenAtMs ?? 0) + 1),
    })),
  );
  return changed.length;
}
