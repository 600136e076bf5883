import { AppError } from '@cloudtuner/errors';
import type { CallOptions, KubecostClient, KubecostClients } from '@cloudtuner/kubecost-client';
import type { TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import type { LiveBounds, LiveKubecost } from '../kubecost-ports';

const timeText = (timestampMs: number): string => `${new Date(timestampMs).toISOString().slice(0, 19)}Z`;
const windowText = ({ startMs, endMs }: TimeWindow): string => `${timeText(startMs)},${timeText(endMs)}`;

const tooLate = (cause?: unknown): AppError =>
  new AppError('kubecost-timeout', 'Kubecost did not answer within the time of this answer.', { cause });

/** Answers are parsed by the one thread that answers everybody: what all accounts together, and each alone, may have open at once. */
const maxReads = 4;
const maxReadsOfAccount = 2;
/** Of all answers that one request reads: about half a second of parsing. */
const maxRequestBytes = 8 * 1024 ** 2;

/** Runs the work unless too much is at work already; it does not wait, for what is stored can be answered at once. */
function createReadSlots(): <T>(id: string, work: () => Promise<T>) => Promise<T> {
  const byAccount = new Map<string, number>();
  let reads = 0;
  return async (id, work) => {
    const ofAccount = byAccount.get(id) ?? 0;
    if (reads >= maxReads || ofAccount >= maxReadsOfAccount)
      throw new AppError('kubecost-busy', 'Too much is being asked of Kubecosts at the moment.');
    reads += 1;
    byAccount.set(id, ofAccount + 1);
    try {
      return await work();
    } finally {
      reads -= 1;
      const left = (byAccount.get(id) ?? 1) - 1;
      if (left === 0) byAccount.delete(id);
      else byAccount.set(id, left);
    }
  };
}

/** Asks the Kubecosts of accounts, and leaves them when the time is up. */
export function createLiveKubecost(clients: KubecostClients, now: () => number): LiveKubecost {
  const inSlot = createReadSlots();
  const within = async <T>(
    { kubecost, id, organizationId }: CloudAccount,
    { deadlineMs, signal }: LiveBounds,
    ask: (client: KubecostClient, call: CallOptions) => Promise<T>,
  ): Promise<T> => {
    if (kubecost === undefined) throw new AppError('kubecost-not-configured', 'The account has no Kubecost to ask.');
    const remainingMs = deadlineMs - now();
    if (remainingMs <= 0) throw tooLate();
    const limit = AbortSignal.timeout(remainingMs);
    try {
      const budget = { remainingBytes: maxRequestBytes };
      const call = { signal: AbortSignal.any([signal, limit]), deadlineMs: Date.now() + remainingMs, budget };
      return await inSlot(id, () =>
        ask(clients.of({ id, organizationId, clusterId: kubecost.clusterId }, kubecost.endpoint), call),
      );
    } catch (error) {
      signal.throwIfAborted();
      throw limit.aborted ? tooLate(error) : error;
    }
  };

  return {
    allocations: (account, { window, aggregate, step, idle, namespace }, bounds) =>
      within(account, bounds, (client, call) =>
        client.getAllocations({
          ...{ window: windowText(window), aggregate, ...call, accumulate: step === null },
          ...(step === null ? {} : { step }),
          parameters: {
            idle: String(idle !== 'hidden'),
            includeIdle: String(idle !== 'hidden'),
            shareIdle: String(idle === 'shared'),
            // A name has no quotes: it was checked by the contract.
            ...(namespace === undefined ? {} : { filter: `namespace:"${namespace}"` }),
          },
        }),
      ),
    assets: (account, windows, bounds) =>
      within(account, bounds, (client, call) =>
        Promise.all(
          windows.map(async (window) => {
            const sets = await client.getAssets({ window: windowText(window), ...call });
            return sets.flatMap((set) => [...set.values()]);
          }),
        ),
      ),
  };
}
