import { AppError } from '@cloudtuner/errors';
import type { closeHour, JobProcessor } from '@cloudtuner/queues';
import type { z } from 'zod';
import { closableAt, closableUntil, dayOf, daySeconds, secondsOf } from '../domain/calendar';
import type { Clock, Dispatcher } from '../ports';
import type { StoreHourJob } from './store-hour-job';

/** Stores an ended hour as closed, and asks for its day when the day has ended too. */
export const closeHourJob =
  (
    storeHour: StoreHourJob,
    dispatcher: Pick<Dispatcher, 'closeDay'>,
    now: Clock,
  ): JobProcessor<z.infer<typeof closeHour.payload>, null> =>
  async (payload, { signal }) => {
    const { cloudAccountId } = payload;
    const hour = secondsOf(payload.hour);
    if (now() / 1_000 < closableAt(hour))
      throw new AppError('job-payload-invalid', 'The hour has not ended, or only just.');
    const outcome = await storeHour({ cloudAccountId, hour, closed: true, signal });
    const day = dayOf(hour);
    if (outcome === 'stored' && day + daySeconds <= closableUntil(now()))
      await dispatcher.closeDay(cloudAccountId, day);
    return 'done';
  };
