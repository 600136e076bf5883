import { randomTenant, sharedServers, waitFor } from '@cloudtuner/test-kit';
import { startMetroculus, type Metroculus } from './testing/metroculus-harness';
import { eachMinute, pushSeries } from './testing/sample-store';

const hourMs = 3_600_000;
const zeroMs = Math.floor(Date.now() / hourMs) * hourMs - 2 * hourMs;
const window = (hours: number) => ({ startSeconds: zeroMs / 1000, endSeconds: zeroMs / 1000 + hours * 3_600 });

describe('allocations by OpenCost’s arithmetic', () => {
  const [tenant, other] = [randomTenant(), randomTenant()];
  let metroculus: Metroculus;

  beforeAll(async () => {
    const store = await sharedServers().prometheus();
    metroculus = await startMetroculus({ queryUrl: store.queryUrl, env: { COMPAT_MAX_SAMPLES: '1000' } });
    const span = { zeroMs, from: 0, to: 65 };
    const place = { namespace: 'a', container: 'main', node: 'n1' };
    const pods = ['one', 'two'].flatMap((pod) => [
      eachMinute({ __name__: 'kube_pod_container_status_running', ...place, pod }, 1, span),
      eachMinute({ __name__: 'container_cpu_allocation', ...place, pod }, 1, span),
    ]);
    await pushSeries(store, tenant, [
      ...pods,
      // Doubles in mid-hour.
      eachMinute({ __name__: 'node_cpu_hourly_cost', node: 'n1' }, (minute) => (minute <= 30 ? 0.03 : 0.06), span),
    ]);
    await waitFor(async () => (await costsOf(tenant)).length === 2);
  }, 60_000);
  afterAll(() => metroculus.stop());

  const costsOf = async (cloudAccountId: string) => {
    const { rows } = await metroculus.client.getKubecostCompatAllocations({ cloudAccountId, ...window(1) });
    return rows.filter(({ kind }) => kind === 'container').map(({ pod, cpu_cost }) => [pod, Number(cpu_cost)]);
  };

  it('are at the mean price of the window (D5), of this tenant alone', async () => {
    const costs = await costsOf(tenant);
    expect(costs.map(([pod]) => pod)).toEqual(['one', 'two']);
    // 31 samples at .03, 30 at .06; an hour of one core.
    for (const [, cost] of costs) expect(cost).toBeCloseTo((31 * 0.03 + 30 * 0.06) / 61, 9);
    expect(await costsOf(other)).toEqual([]);
  });

  it('are refused for more than a day, and for more samples than are held at once', async () => {
    const ask = (hours: number) =>
      metroculus.client.getKubecostCompatAllocations({ cloudAccountId: tenant, ...window(hours) });
    await expect(ask(25)).rejects.toMatchObject({ code: 'range-too-long' });
    const store = await sharedServers().prometheus();
    const span = { zeroMs, from: 0, to: 65 };
    const many = Array.from({ length: 20 }, (_none, index) =>
      eachMinute(
        { __name__: 'kube_pod_info', namespace: 'a', node: 'n1', pod: `p${String(index)}`, uid: String(index) },
        1,
        span,
      ),
    );
    await pushSeries(store, tenant, many);
    await expect(ask(1)).rejects.toMatchObject({ code: 'metrics-query-too-large' });
  });
});
