import type { JobProcessor, refreshLiveHour } from '@cloudtuner/queues';
import type { z } from 'zod';
import { hourOf } from '../domain/calendar';
import type { Clock } from '../ports';
import type { StoreHourJob } from './store-hour-job';

/** Reads the hour that runs when the job runs, not the one in which it was asked for. */
export const refreshLiveHourJob =
  (storeHour: StoreHourJob, now: Clock): JobProcessor<z.infer<typeof refreshLiveHour.payload>, null> =>
  async ({ cloudAccountId }, { signal }) => {
    await storeHour({ cloudAccountId, hour: hourOf(now() / 1_000), closed: false, signal });
    return 'done';
  };
