import type { JobProcessor, sweepHours as queue } from '@cloudtuner/queues';
import type { z } from 'zod';
import { secondsOf } from '../domain/calendar';
import { sweepHours, type SweepHoursPorts } from '../usecases/sweep-hours';

/** Has the hours of a day read once more. */
export const sweepHoursJob =
  (ports: SweepHoursPorts): JobProcessor<z.infer<typeof queue.payload>, null> =>
  async ({ cloudAccountId, day }, { logger }) => {
    const hours = await sweepHours(ports, { cloudAccountId, day: secondsOf(day) });
    if (hours > 0) logger.info({ cloud_account_id: cloudAccountId, hours }, 'asked for hours to be read once more');
    return 'done';
  };
