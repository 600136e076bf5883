import type { JobProcessor, reaggregateHour as queue } from '@cloudtuner/queues';
import type { z } from 'zod';
import { secondsOf } from '../domain/calendar';
import type { ReaggregateReason } from '../ports';
import { reaggregateHour, type ReaggregateHourPorts } from '../usecases/reaggregate-hour';
import type { StoreHourJob } from './store-hour-job';

/** Reads a closed hour again, counted by why. */
export const reaggregateHourJob =
  (
    storeHourBy: Readonly<Record<ReaggregateReason, StoreHourJob>>,
    ports: Omit<ReaggregateHourPorts, 'storeHour'>,
  ): JobProcessor<z.infer<typeof queue.payload>, null> =>
  async ({ cloudAccountId, hour, reason = 'touched' }, { signal }) => {
    const store = storeHourBy[reason];
    await reaggregateHour(
      {
        ...ports,
        storeHour: (id, start, outer) => store({ cloudAccountId: id, hour: start, closed: true, signal: outer }),
      },
      { cloudAccountId, hour: secondsOf(hour), signal },
    );
    return 'done';
  };
