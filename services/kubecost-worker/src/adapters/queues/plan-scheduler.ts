import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer } from '@cloudtuner/queues';
import type { Log } from '../../ports';

const retryMs = 1_000;
const lookAgainMs = 60_000;

/** Sees to it that the dispatcher is run every so often, also by a Redis that was away or has lost its data. Ends with the signal. */
export async function keepScheduler(
  planner: Pick<Producer<object, null>, 'upsertScheduler'>,
  options: { readonly everyMs: number; readonly signal: AbortSignal; readonly logger: Log },
): Promise<void> {
  const { everyMs, signal, logger } = options;
  let away = false;
  while (!signal.aborted) {
    try {
      await planner.upsertScheduler({ id: 'plan-hours', everyMs, payload: {} });
      away = false;
    } catch (error) {
      if (!away) logger.warn({ err: error }, 'the dispatcher could not be scheduled; trying on');
      away = true;
    }
    await sleep(away ? retryMs : lookAgainMs, undefined, { signal }).catch(() => undefined);
  }
}
