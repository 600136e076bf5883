import { hourSeconds } from '../domain/calendar';
import { sweepWindow } from '../domain/sweep';
import type { Dispatcher, HourStore } from '../ports';

/** What {@link sweepHours} works with. */
export interface SweepHoursPorts {
  readonly store: Pick<HourStore, 'findHours'>;
  readonly dispatcher: Pick<Dispatcher, 'reaggregateHour'>;
  /** How late the stores of samples take a sample. */
  readonly outOfOrderSeconds: number;
}

/**
 * Asks for every closed hour of a day to be read once more when nothing can arrive for it any more, unless that was done since. Late
 * samples whose mark was lost (Redis was away when the gateway left it) are found by this, at the price of one more reading of each hour;
 * a count of samples would have to be kept and would not see a value that changed.
 */
export async function sweepHours(
  { store, dispatcher, outOfOrderSeconds }: SweepHoursPorts,
  { cloudAccountId, day }: { readonly cloudAccountId: string; readonly day: number },
): Promise<number> {
  const hours = await store.findHours(cloudAccountId, sweepWindow(cloudAccountId, day, outOfOrderSeconds));
  const early = hours.filter(
    ({ hour, closed, readAtMs }) => closed && readAtMs < (hour + hourSeconds + outOfOrderSeconds) * 1_000,
  );
  for (const { hour } of early) await dispatcher.reaggregateHour(cloudAccountId, hour, 'sweep');
  return early.length;
}
