import type { BackfillProgress, Producer } from '@cloudtuner/queues';
import type { TimeWindow } from '@cloudtuner/cost-model';
import type { Backfill, Backfills } from '../ports';

/** Payload of a backfill job. */
export interface BackfillPayload {
  readonly cloudAccountId: string;
  readonly fromHour: string;
  readonly toHour: string;
}

type BackfillProducer = Pick<Producer<BackfillPayload, BackfillProgress>, 'enqueue' | 'jobStatus'>;
type BackfillStatus = NonNullable<Awaited<ReturnType<BackfillProducer['jobStatus']>>>;

const stateByQueueState: Readonly<Record<BackfillStatus['state'], Backfill['state']>> = {
  waiting: 'waiting',
  delayed: 'waiting',
  active: 'running',
  completed: 'completed',
  failed: 'failed',
};

function toBackfill({ id, payload, state, progress, failure }: BackfillStatus): Backfill {
  return {
    id,
    window: { startMs: Date.parse(payload.fromHour), endMs: Date.parse(payload.toHour) },
    state: stateByQueueState[state],
    progress,
    failureCode: failure?.code ?? null,
  };
}

/** Backfills as jobs of the worker's queue. */
export function createQueueBackfills(producer: BackfillProducer): Backfills {
  return {
    async start(cloudAccountId: string, window: TimeWindow) {
      const { jobId } = await producer.enqueue({
        cloudAccountId,
        fromHour: new Date(window.startMs).toISOString(),
        toHour: new Date(window.endMs).toISOString(),
      });
      const status = await producer.jobStatus(jobId);
      return status === null
        ? { id: jobId, window, state: 'waiting', progress: null, failureCode: null }
        : toBackfill(status);
    },
    async find(cloudAccountId, backfillId) {
      const status = await producer.jobStatus(backfillId);
      return status?.payload.cloudAccountId === cloudAccountId ? toBackfill(status) : null;
    },
  };
}
