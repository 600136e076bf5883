import type { backfill, BackfillProgress, JobProcessor } from '@cloudtuner/queues';
import type { z } from 'zod';
import { secondsOf } from '../domain/calendar';
import { backfillHours, type BackfillPorts } from '../usecases/backfill-hours';

/** Stores the hours of a window, a turn at a time. */
export const backfillJob =
  (ports: BackfillPorts): JobProcessor<z.infer<typeof backfill.payload>, BackfillProgress> =>
  ({ cloudAccountId, fromHour, toHour }, { progress, reportProgress, signal, stopping }) =>
    backfillHours(ports, {
      cloudAccountId,
      from: secondsOf(fromHour),
      to: secondsOf(toHour),
      progress,
      report: reportProgress,
      signal,
      stopping,
    });
