import { createRemoteWriteClient } from '@cloudtuner/remote-write';
import { clusterSeries, podSeries, type MadeHour } from './cluster-series';

const podsPerBody = 20;
const parallelBodies = 4;

/** A store as the gateway writes to it. */
export interface WrittenStore {
  readonly kind: 'thanos' | 'prometheus';
  readonly writeUrl: string;
}

/** Pushes an hour; returns how many samples it has. */
export async function pushHour(store: WrittenStore, account: string, hour: MadeHour): Promise<number> {
  const more: Record<string, string> = store.kind === 'prometheus' ? { tenant_id: account } : {};
  const writer = createRemoteWriteClient({ url: store.writeUrl, accountId: account });
  let samples = 0;
  let next = 0;
  const push = async (timeseries: ReturnType<typeof clusterSeries>): Promise<void> => {
    await writer.push({ timeseries });
    for (const one of timeseries) samples += one.samples.length;
  };
  const pushPods = async (): Promise<void> => {
    while (next < hour.pods) {
      const from = next;
      next += podsPerBody;
      const pods = Array.from({ length: Math.min(podsPerBody, hour.pods - from) }, (_, index) => from + index);
      await push(pods.flatMap((pod) => podSeries(hour, pod, more)));
    }
  };
  try {
    await push(clusterSeries(hour, more));
    await Promise.all(Array.from({ length: parallelBodies }, pushPods));
  } finally {
    await writer.close();
  }
  return samples;
}
