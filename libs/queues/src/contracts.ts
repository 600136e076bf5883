import { z } from 'zod';
import { defineQueue } from './define-queue';

const hourMs = 3_600_000;
const dayMs = 86_400_000;
const cloudAccountId = z.uuid().transform((id) => id.toLowerCase());

const alignedTo = (stepMs: number, unit: string): z.ZodType<string> =>
  z.iso.datetime().refine((text) => Date.parse(text) % stepMs === 0, `must be the start of a ${unit} in UTC`);

const hour = alignedTo(hourMs, 'whole hour');
const day = alignedTo(dayMs, 'day');
const secondsOf = (iso: string): string => String(Date.parse(iso) / 1000);

const soon = { baseMs: 1_000, maxMs: 60_000 };
/** Kept long enough to be seen by a person, few enough to be nothing for Redis. A new request of the same id replaces a kept one. */
const seenForAWeek = { ageSeconds: 7 * 86_400, count: 1_000 };

/** The dispatcher: once a minute it decides which of the other jobs are due. */
export const planHours = defineQueue({
  name: 'plan-hours',
  payload: z.object({}),
  jobId: () => 'plan-hours',
  // The next minute is the retry.
  attempts: 1,
  backoff: soon,
  removeOnComplete: true,
  removeOnFail: { ageSeconds: 3_600, count: 10 },
});

/** Reads the running hour of one account again. Late by more than a minute it is of no use: the next one is on its way. */
export const refreshLiveHour = defineQueue({
  name: 'refresh-live-hour',
  payload: z.object({ cloudAccountId }),
  jobId: (payload) => payload.cloudAccountId,
  attempts: 1,
  backoff: soon,
  removeOnComplete: true,
  removeOnFail: { ageSeconds: 3_600, count: 100 },
});

/** Reads one ended hour of one account and stores it as closed. `hour` is its start. */
export const closeHour = defineQueue({
  name: 'close-hour',
  payload: z.object({ cloudAccountId, hour }),
  jobId: (payload) => `${payload.cloudAccountId}_${secondsOf(payload.hour)}`,
  attempts: 8,
  backoff: soon,
  removeOnComplete: true,
  removeOnFail: seenForAWeek,
});

/** Writes the expenses of one day of one account from its 24 closed hours. `day` is its start. */
export const closeDay = defineQueue({
  name: 'close-day',
  payload: z.object({ cloudAccountId, day }),
  jobId: (payload) => `${payload.cloudAccountId}_${secondsOf(payload.day)}`,
  attempts: 8,
  backoff: soon,
  removeOnComplete: true,
  removeOnFail: seenForAWeek,
});

/** Reads a closed hour again: samples arrived late (`touched`), or nobody has looked since the last ones could (`sweep`). */
export const reaggregateHour = defineQueue({
  name: 'reaggregate-hour',
  payload: z.object({ cloudAccountId, hour, reason: z.enum(['touched', 'sweep']).optional() }),
  jobId: (payload) => `${payload.cloudAccountId}_${secondsOf(payload.hour)}`,
  attempts: 8,
  backoff: soon,
  removeOnComplete: true,
  removeOnFail: { ageSeconds: 3_600, count: 1_000 },
});

/** Has the hours of one account read again whose last samples have had time to arrive. Once a day; kept, so that it is asked for once. */
export const sweepHours = defineQueue({
  name: 'sweep-hours',
  payload: z.object({ cloudAccountId, day }),
  jobId: (payload) => `${payload.cloudAccountId}_${secondsOf(payload.day)}`,
  attempts: 8,
  backoff: soon,
  removeOnComplete: { ageSeconds: 3 * 86_400, count: 100_000 },
  removeOnFail: { ageSeconds: 3 * 86_400, count: 100_000 },
});

/** Takes away what nobody reads any more. `hour` is when it was asked for; the one of 02:00 does more than the others. Kept, so that it is asked for once. */
export const cleanup = defineQueue({
  name: 'cleanup',
  payload: z.object({ hour }),
  jobId: (payload) => `cleanup_${secondsOf(payload.hour)}`,
  attempts: 8,
  backoff: soon,
  removeOnComplete: { ageSeconds: 2 * 86_400, count: 100 },
  removeOnFail: { ageSeconds: 2 * 86_400, count: 100 },
});

const extractions = {
  payload: z.object({ cloudAccountId }),
  jobId: (payload: { readonly cloudAccountId: string }) => payload.cloudAccountId,
  attempts: 5,
  backoff: soon,
  removeOnComplete: true,
  removeOnFail: seenForAWeek,
} as const;

/** Reads the closed hours that an account's Kubecost has and we have not, and some again, and keeps what it says. By a scheduler of each account. */
export const extractAllocation = defineQueue({ ...extractions, name: 'extract-allocation' });

/** The same of the assets of ended days. */
export const extractAssets = defineQueue({ ...extractions, name: 'extract-assets' });

/** Reads the budgets of an account's Kubecost as they are. */
export const extractBudgets = defineQueue({ ...extractions, name: 'extract-budgets' });

/** Brings the summaries of one account up to date. `quarter` is when it was asked for. Kept, so that it is asked for once in each quarter of an hour. */
export const summarize = defineQueue({
  name: 'summarize',
  payload: z.object({ cloudAccountId, quarter: alignedTo(hourMs / 4, 'quarter of an hour') }),
  jobId: (payload) => `${payload.cloudAccountId}_${secondsOf(payload.quarter)}`,
  attempts: 5,
  backoff: soon,
  removeOnComplete: { ageSeconds: 3_600, count: 100_000 },
  removeOnFail: { ageSeconds: 7 * 86_400, count: 1_000 },
});

/** Sums the days, weeks and months of one account whose days have changed. `hour` is when it was asked for. Kept, so that it is asked for once an hour. */
export const sumPeriods = defineQueue({
  name: 'sum-periods',
  payload: z.object({ cloudAccountId, hour }),
  jobId: (payload) => `${payload.cloudAccountId}_${secondsOf(payload.hour)}`,
  attempts: 5,
  backoff: soon,
  removeOnComplete: { ageSeconds: 2 * 3_600, count: 100_000 },
  removeOnFail: seenForAWeek,
});

/**
 * Brings the closed hours of `[fromHour, toHour)` to InfluxDB, as far as it does not have them as they are now. Asked for after an hour was
 * stored, and for the last days once an hour; kept, so that the latter is asked for once.
 */
export const exportInfluxdb = defineQueue({
  name: 'export-influxdb',
  payload: z
    .object({ cloudAccountId, fromHour: hour, toHour: hour })
    .refine((payload) => Date.parse(payload.fromHour) < Date.parse(payload.toHour), 'fromHour must be before toHour'),
  jobId: (payload) => `${payload.cloudAccountId}_${secondsOf(payload.fromHour)}_${secondsOf(payload.toHour)}`,
  // With five minutes between attempts: about a day of somebody else's outage. What is given up is asked for again within the hour.
  attempts: 300,
  backoff: { baseMs: 1_000, maxMs: 300_000 },
  removeOnComplete: { ageSeconds: 2 * 3_600, count: 100_000 },
  removeOnFail: { ageSeconds: 2 * 3_600, count: 100_000 },
});

/** Hours that are done without a gap from the start of the window, and hours in all. */
export const backfillProgress = z.object({ doneHours: z.int().min(0), totalHours: z.int().min(0) });

/** Progress of a backfill. */
export type BackfillProgress = z.infer<typeof backfillProgress>;

/** Stores every ended hour of `[fromHour, toHour)`, whole days at both ends, and closes the days. */
export const backfill = defineQueue({
  name: 'backfill',
  payload: z
    .object({ cloudAccountId, fromHour: hour, toHour: hour })
    .refine((payload) => Date.parse(payload.fromHour) < Date.parse(payload.toHour), 'fromHour must be before toHour'),
  progress: backfillProgress,
  jobId: (payload) => `${payload.cloudAccountId}_${secondsOf(payload.fromHour)}_${secondsOf(payload.toHour)}`,
  // With one minute between attempts: about a day of somebody else's outage.
  attempts: 1_440,
  backoff: soon,
  removeOnComplete: seenForAWeek,
  removeOnFail: seenForAWeek,
});
