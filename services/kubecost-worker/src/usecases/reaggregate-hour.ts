import { isAppError } from '@cloudtuner/errors';
import { closableUntil, dayOf, daySeconds } from '../domain/calendar';
import type { Clock, Dispatcher, TouchedHours } from '../ports';
import type { HourOutcome } from './store-hour';

/** What {@link reaggregateHour} works with. */
export interface ReaggregateHourPorts {
  readonly touched: Pick<TouchedHours, 'lastTouch' | 'settle'>;
  readonly storeHour: (cloudAccountId: string, hour: number, signal: AbortSignal) => Promise<HourOutcome>;
  readonly dispatcher: Pick<Dispatcher, 'closeDay'>;
  readonly now: Clock;
}

/** Which hour. */
export interface ReaggregateHourRequest {
  readonly cloudAccountId: string;
  readonly hour: number;
  readonly signal: AbortSignal;
}

/**
 * Reads a closed hour again and, if that changed it, asks for its day. The touch is looked up before the samples are read and settled after
 * everything else: what arrives in between leaves the mark, and so does a worker that is killed.
 */
export async function reaggregateHour(
  { touched, storeHour, dispatcher, now }: ReaggregateHourPorts,
  { cloudAccountId, hour, signal }: ReaggregateHourRequest,
): Promise<HourOutcome> {
  const touch = await touched.lastTouch({ cloudAccountId, hour });
  const settle = async (): Promise<void> => {
    if (touch !== null) await touched.settle({ cloudAccountId, hour }, touch);
  };
  try {
    const outcome = await storeHour(cloudAccountId, hour, signal);
    const day = dayOf(hour);
    if (outcome === 'stored' && day + daySeconds <= closableUntil(now()))
      await dispatcher.closeDay(cloudAccountId, day);
    await settle();
    return outcome;
  } catch (error) {
    // The same samples give the same rows: reading them again every minute would not make them add up.
    if (isAppError(error) && error.code === 'facts-unbalanced') await settle();
    throw error;
  }
}
