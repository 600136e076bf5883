import type { closeDay, JobProcessor } from '@cloudtuner/queues';
import type { z } from 'zod';
import { secondsOf } from '../domain/calendar';
import type { StoreDayJob } from './store-day-job';

/** Writes the expenses of a day. */
export const closeDayJob =
  (storeDay: StoreDayJob): JobProcessor<z.infer<typeof closeDay.payload>, null> =>
  async ({ cloudAccountId, day }, { signal }) => {
    await storeDay({ cloudAccountId, day: secondsOf(day), signal });
    return 'done';
  };
