import type { Queue } from 'bullmq';
import type { JobCounts } from './queue-port';

/** How many jobs of a queue are in each state. */
export async function countsOf(queue: Pick<Queue, 'getJobCounts'>): Promise<JobCounts> {
  const {
    waiting = 0,
    delayed = 0,
    active = 0,
    completed = 0,
    failed = 0,
  } = await queue.getJobCounts('waiting', 'delayed', 'active', 'completed', 'failed');
  return { waiting, delayed, active, completed, failed };
}
