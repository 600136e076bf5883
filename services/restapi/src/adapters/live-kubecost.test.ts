import type { CallOptions, KubecostClient, KubecostClients } from '@cloudtuner/kubecost-client';
import type { CloudAccount } from '@cloudtuner/metadata';
import { createLiveKubecost } from './live-kubecost';

const hourMs = 3_600_000;
const window = { startMs: 0, endMs: hourMs };
const account = (id: string): CloudAccount => ({
  ...{ id, organizationId: 'o', type: 'kubernetes_cnr', name: id, region: null, owner: null, tags: {} },
  ...{ clusterResourceId: id, createdAt: new Date(0), deletedAt: null, lastReadAt: null, allocationLabelKeys: [] },
  kubecost: { endpoint: 'http://kubecost.example', schedules: {}, configuredAt: new Date(0) },
});

/** Kubecosts that answer when they are told to. */
function setUp() {
  const calls: CallOptions[] = [];
  const answers: (() => void)[] = [];
  const client: Pick<KubecostClient, 'getAssets'> = {
    getAssets: (call) => {
      calls.push(call);
      return new Promise((resolve) => {
        answers.push(() => {
          resolve([]);
        });
      });
    },
  };
  const clients: KubecostClients = { of: () => client as KubecostClient, close: () => Promise.resolve() };
  const live = createLiveKubecost(clients, Date.now);
  const { signal } = new AbortController();
  const ask = (id: string, windows = [window]) =>
    live.assets(account(id), windows, { deadlineMs: Date.now() + 60_000, signal });
  return { calls, ask, answer: () => answers.splice(0).forEach((one) => one()) };
}

const busy = { code: 'kubecost-busy' };

describe('Kubecosts that are asked while answers wait', () => {
  it('are asked two questions of an account and four of all at once, and others again afterwards', async () => {
    const { ask, answer } = setUp();
    const asked = [ask('a'), ask('a')];
    await expect(ask('a')).rejects.toMatchObject(busy);
    asked.push(ask('b'), ask('c'));
    await expect(ask('d')).rejects.toMatchObject(busy);
    answer();
    await Promise.all(asked);
    const again = [ask('a'), ask('a'), ask('d')];
    answer();
    await expect(Promise.all(again)).resolves.toHaveLength(3);
  });

  it('share the bytes of one question between all of its answers', async () => {
    const { ask, answer, calls } = setUp();
    const asked = ask('a', [window, { startMs: hourMs, endMs: 2 * hourMs }]);
    answer();
    await asked;
    expect(calls).toHaveLength(2);
    expect(calls[0]?.budget).toBe(calls[1]?.budget);
    expect(calls[0]?.budget?.remainingBytes).toBe(8 * 1024 ** 2);
  });
});
