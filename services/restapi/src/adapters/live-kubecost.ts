import { AppError } from '@cloudtuner/errors';
import type { KubecostClient, KubecostClients } from '@cloudtuner/kubecost-client';
import type { TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import type { LiveBounds, LiveKubecost } from '../kubecost-ports';

const timeText = (timestampMs: number): string => `${new Date(timestampMs).toISOString().slice(0, 19)}Z`;
const windowText = ({ startMs, endMs }: TimeWindow): string => `${timeText(startMs)},${timeText(endMs)}`;

const tooLate = (cause?: unknown): AppError =>
  new AppError('kubecost-timeout', 'Kubecost did not answer within the time of this answer.', { cause });

/** Asks the Kubecosts of accounts, and leaves them when the time is up. */
export function createLiveKubecost(clients: KubecostClients, now: () => number): LiveKubecost {
  const within = async <T>(
    { kubecost, id }: CloudAccount,
    { deadlineMs, signal }: LiveBounds,
    ask: (client: KubecostClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    if (kubecost === undefined) throw new AppError('kubecost-not-configured', 'The account has no Kubecost to ask.');
    const remainingMs = deadlineMs - now();
    if (remainingMs <= 0) throw tooLate();
    const limit = AbortSignal.timeout(remainingMs);
    try {
      return await ask(clients.of(id, kubecost.endpoint), AbortSignal.any([signal, limit]));
    } catch (error) {
      signal.throwIfAborted();
      throw limit.aborted ? tooLate(error) : error;
    }
  };

  return {
    allocations: (account, { window, aggregate, step, idle }, bounds) =>
      within(account, bounds, (client, signal) =>
        client.getAllocations({
          ...{ window: windowText(window), aggregate, signal, accumulate: step === null },
          ...(step === null ? {} : { step }),
          parameters: {
            idle: String(idle !== 'hidden'),
            includeIdle: String(idle !== 'hidden'),
            shareIdle: String(idle === 'shared'),
          },
        }),
      ),
    assets: (account, windows, bounds) =>
      within(account, bounds, (client, signal) =>
        Promise.all(
          windows.map(async (window) => {
            const sets = await client.getAssets({ window: windowText(window), signal });
            return sets.flatMap((set) => [...set.values()]);
          }),
        ),
      ),
  };
}
