import { createRegistry } from '@cloudtuner/service-kit';
import { watchStores, type CostSpike } from './watched-metrics';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('the metric of cost spikes', () => {
  it('is not there while ClickHouse cannot be asked, whatever it said before', async () => {
    const registry = createRegistry('test');
    const spike: CostSpike = { cloudAccountId: 'a', date: '2026-03-09', ratio: 2 };
    let isAway = false;
    const spikes = () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve([spike]));
    watchStores(registry, log, { disks: () => Promise.resolve([]), spikes });
    const lines = async (): Promise<string[]> =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith('kubecost_worker_cost_spike_accounts'));
    const before = await lines();
    expect([before.length, before[0]?.endsWith(' 1')]).toEqual([1, true]);
    isAway = true;
    expect(await lines()).toEqual([]);
    isAway = false;
    expect(await lines()).toEqual(before);
  });
});
