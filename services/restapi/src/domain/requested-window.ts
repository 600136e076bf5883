import { AppError } from '@cloudtuner/errors';
import { msPerDay, msPerHour, type TimeWindow } from '@cloudtuner/cost-model';

const maxDaysByStep = { '1h': 31, '1d': 400 } as const;

/**
 * The window with its edges moved outward to whole hours: facts are hourly, and a part of an hour has no facts of its own.
 *
 * @throws AppError `invalid-window` when it is empty, `range-too-long` when it is longer than one answer covers.
 */
export function wholeHours(window: TimeWindow, step: '1h' | '1d'): TimeWindow {
  if (window.endMs <= window.startMs) throw new AppError('invalid-window', 'The window must end after its start.');
  const startMs = Math.floor(window.startMs / msPerHour) * msPerHour;
  const endMs = Math.ceil(window.endMs / msPerHour) * msPerHour;
  const maxDays = maxDaysByStep[step];
  if (endMs - startMs > maxDays * msPerDay) {
    throw new AppError('range-too-long', `With step ${step} a window may have at most ${String(maxDays)} days.`, {
      details: { step, max_days: maxDays },
    });
  }
  return { startMs, endMs };
}
