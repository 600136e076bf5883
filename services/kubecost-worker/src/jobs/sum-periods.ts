import type { JobProcessor, sumPeriods as queue } from '@cloudtuner/queues';
import type { z } from 'zod';
import { sumPeriods, type SumPeriodsPorts } from '../usecases/sum-periods';

/** Sums what has changed of an account's periods; behind the other accounts again when there is much to do. */
export const sumPeriodsJob =
  (ports: SumPeriodsPorts): JobProcessor<z.infer<typeof queue.payload>, null> =>
  async ({ cloudAccountId }, { signal, stopping }) => {
    const { left } = await sumPeriods(ports, { cloudAccountId, signal, stopping });
    return left > 0 ? 'yield' : 'done';
  };
