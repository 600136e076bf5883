import { setTimeout as delay } from 'node:timers/promises';
import { startProgress } from './progress';
import type { SignedInOrganization } from './tenants';

const pollMs = 500;
const hourMs = 3_600_000;

export interface BackfillRequest {
  readonly session: SignedInOrganization;
  readonly cloudAccountId: string;
  readonly startMs: number;
  readonly endMs: number;
}

interface RunningBackfill {
  readonly request: BackfillRequest;
  readonly id: string;
  doneHours: number;
  totalHours: number;
  completed: boolean;
}

async function enqueue(request: BackfillRequest): Promise<RunningBackfill> {
  const { session, cloudAccountId, startMs, endMs } = request;
  const { id } = await session.client.createBackfill({
    params: { cloud_account_id: cloudAccountId },
    body: { start_time: startMs / 1000, end_time: endMs / 1000 },
  });
  return { request, id, doneHours: 0, totalHours: (endMs - startMs) / hourMs, completed: false };
}

async function look(running: RunningBackfill): Promise<void> {
  const { session, cloudAccountId } = running.request;
  const { state, progress } = await session.client.getBackfill({
    params: { cloud_account_id: cloudAccountId, backfill_id: running.id },
  });
  if (state === 'failed') throw new Error(`The backfill ${running.id} failed; the log of kubecost-worker says why.`);
  if (progress !== null) {
    running.doneHours = progress.done_hours;
    running.totalHours = progress.total_hours;
  }
  running.completed = state === 'completed';
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Turns pushed history into stored dollars by backfill jobs and shows how far they are. Windows are whole hours. */
export async function backfillAndWait(requests: readonly BackfillRequest[]): Promise<void> {
  const all = await Promise.all(requests.filter(({ startMs, endMs }) => endMs > startMs).map(enqueue));
  if (all.length === 0) return;
  const progress = startProgress('turning it into dollars', sum(all.map(({ totalHours }) => totalHours)), 'hours');
  try {
    while (all.some(({ completed }) => !completed)) {
      await delay(pollMs);
      await Promise.all(all.filter(({ completed }) => !completed).map(look));
      progress.update(sum(all.map(({ doneHours }) => doneHours)), sum(all.map(({ totalHours }) => totalHours)));
    }
  } finally {
    progress.stop();
  }
}
