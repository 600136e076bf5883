import { msPerHour, type TimeWindow } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { maxWindowDays } from '@cloudtuner/metroculus-client';
import { isMetricName } from '@cloudtuner/prometheus-client';
import { z } from 'zod';

const secondsPerHour = msPerHour / 1000;
const maxNamedMetrics = 100;

const missing = (wrong: string): { error: (issue: { input: unknown }) => string } => ({
  error: ({ input }) => (input === undefined ? 'is required' : wrong),
});

const unixSeconds = z
  .string(missing('must be given once'))
  .regex(/^\d{1,10}$/, 'must be whole unix seconds')
  .transform(Number);

/** Parameters that name an account and a window. */
export const windowFields = {
  cloud_account_id: z.uuid(missing('must be a UUID')).toLowerCase(),
  start_date: unixSeconds,
  end_date: unixSeconds,
};

interface Dates {
  readonly start_date: number;
  readonly end_date: number;
}

export const endsAfterItStarts = ({ start_date, end_date }: Dates): boolean => end_date > start_date;
export const mustEndAfterItStarts = { path: ['end_date'], error: 'must be after start_date' };

/** Seconds between points. */
export const stepSeconds = z
  .string()
  .regex(/^[1-9]\d{0,6}$/, 'must be whole seconds, at least 1')
  .transform(Number);

/** A window of an account. */
export const windowQuery = z.strictObject(windowFields).refine(endsAfterItStarts, mustEndAfterItStarts);

/** An hour of an account, or its beginning. */
export const hourQuery = windowQuery
  .refine(({ start_date }) => start_date % secondsPerHour === 0, {
    path: ['start_date'],
    error: 'must be the start of an hour',
  })
  .refine(({ start_date, end_date }) => end_date - start_date <= secondsPerHour, {
    path: ['end_date'],
    error: 'must be at most an hour after start_date',
  });

/** A window of an account, with the metrics wanted and the seconds between points. */
export const metricsQuery = z
  .strictObject({
    ...windowFields,
    metrics: z
      .string()
      .transform((names) => names.split(','))
      .pipe(
        z
          .array(z.string().refine(isMetricName, 'must be names of metrics, separated by commas'))
          .max(maxNamedMetrics, `must be at most ${String(maxNamedMetrics)} names`),
      )
      .optional(),
    step: stepSeconds.optional(),
  })
  .refine(endsAfterItStarts, mustEndAfterItStarts);

/**
 * The dates as a window.
 *
 * @throws AppError `range-too-long` when it is longer than one answer covers.
 */
export function windowOf({ start_date, end_date }: Dates): TimeWindow {
  if (end_date - start_date > maxWindowDays * 24 * secondsPerHour) {
    throw new AppError('range-too-long', `The window is longer than ${String(maxWindowDays)} days.`, {
      details: { limit: maxWindowDays, unit: 'days' },
    });
  }
  return { startMs: start_date * 1000, endMs: end_date * 1000 };
}
