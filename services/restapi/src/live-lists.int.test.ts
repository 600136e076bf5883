import { sumNanos, type Nanos } from '@cloudtuner/cost-model';
import { startSilentServer, type KubecostServer } from '@cloudtuner/test-kit';
import { nowMs, startLiveWorld, today, type LiveWorld } from './testing/live-world';
import { containerFact, storeAllocationHours } from './testing/stored-allocations';
import { answerUsage, refuseUsage } from './testing/usage-answers';

const hourSeconds = 3_600;
const window = { start_time: today, end_time: today + 2 * hourSeconds };
const [startMs, endMs] = [window.start_time * 1_000, window.end_time * 1_000];
/** What is stored of each of two hours: 0.25 $ of a workload that no Kubecost knows. */
const storedTotal = 0.5;
const namespace = 'frontend';

let world: LiveWorld;
let kubecost: KubecostServer;

beforeAll(async () => {
  world = await startLiveWorld();
  ({ kubecost } = world);
}, 120_000);
afterAll(() => world.stop());
beforeEach(() => {
  kubecost.fail('none');
  kubecost.forgetBefore(0);
  answerUsage(world.metroculus);
});

async function createCluster(endpoint?: string | null): Promise<string> {
  const id = await world.createCluster(endpoint);
  const fact = containerFact({
    ...{ namespace, pod: 'ours-1', controller_kind: 'deployment', controller: 'ours', cpu_cost: '0.250000000' },
  });
  const hours = [0, 1].map((index) => ({
    ...{ hour: today + index * hourSeconds, version: `v${String(index)}`, readAtMs: nowMs - 1, facts: [fact] },
  }));
  await storeAllocationHours(world.clickhouse, id, hours);
  return id;
}

const api = () => world.harness.client(world.organization.owner.token);
const dollars = (nanos: Nanos): number => Number(nanos) / 1e9;
type Source = 'auto' | 'live' | 'stored';
interface Asked {
  readonly source?: Source;
  readonly start_time?: number;
  readonly end_time?: number;
}

/** Each route with a list, under both of its addresses. */
const routes = {
  assets: (id: string, asked: Asked = {}) =>
    api().listClusterAssets({ params: { cluster_id: id }, query: { ...window, ...asked } }),
  namespaces: (id: string, asked: Asked = {}) =>
    api().listClusterNamespaces({ params: { cluster_id: id }, query: { ...window, ...asked } }),
  'short namespaces': (id: string, asked: Asked = {}) =>
    api().listKubernetesNamespaces({ params: { cluster_id: id }, query: { ...window, ...asked } }),
  workloads: (id: string, asked: Asked = {}) =>
    api().listNamespaceWorkloads({ params: { cluster_id: id, namespace }, query: { ...window, ...asked } }),
  'short workloads': (id: string, asked: Asked = {}) =>
    api().listKubernetesWorkloads({ params: { cluster_id: id }, query: { ...window, ...asked, namespace } }),
};
const everyRoute = Object.keys(routes) as (keyof typeof routes)[];

describe('lists of a cluster whose Kubecost may be asked', () => {
  it('are its assets as its book has them, by type, and add up to the live total of the cluster', async () => {
    const id = await createCluster();
    const answer = await routes.assets(id);
    expect(answer).toMatchObject({ source: 'live', source_reason: null, coverage: null, expired_cost: null });
    const book = world.cluster.book.assets(startMs, endMs);
    expect(answer.total_count).toBe(book.length);
    for (const { assetType, assetKey, total } of book) {
      const found = answer.assets.find(({ asset_type, name }) => asset_type === assetType && name === assetKey);
      // Kubecost writes five decimals.
      expect(found?.total_cost).toBeCloseTo(dollars(total), 4);
      expect(found?.covered_seconds).toBe(2 * hourSeconds);
      // Nothing is said of these.
      expect(found).toMatchObject({ network_bytes: null, storage_byte_hours: null });
    }
    expect(answer.total_cost).toBeCloseTo(dollars(world.cluster.book.costBetween(startMs, endMs).total), 3);
    const nodes = await api().listClusterAssets({
      params: { cluster_id: id },
      query: { ...window, asset_type: 'node', source: 'live' },
    });
    expect(new Set(nodes.assets.map(({ asset_type }) => asset_type))).toEqual(new Set(['node']));
  });

  it.each(['namespaces', 'short namespaces'] as const)(
    'are %s with its costs, beside limits and quotas from the store of metrics',
    async (name) => {
      const id = await createCluster();
      const used = { requested: null, limit: 4, used_avg: 9, used_p95: 1.2, used_max: 1.5 };
      const quota = { namespace, quota: 'compute', resource: 'requests.cpu', hard: 8, used: 2 };
      answerUsage(world.metroculus, {
        usage: {
          ...{ coverage: 0.75, last_sample_at: today + 7_000, quotas: [quota] },
          usage: [
            { ...{ namespace, controller_kind: null, controller: null, pods: null }, cpu_cores: used, ram_bytes: used },
          ],
        },
      });
      const answer = await routes[name](id);
      expect(answer).toMatchObject({ source: 'live', source_reason: null, coverage: null, usage: { coverage: 0.75 } });
      const pods = world.cluster.book.pods(startMs, endMs);
      const names = new Set(pods.map((pod) => pod.namespace));
      expect(new Set(answer.namespaces.map((one) => one.namespace))).toEqual(names);
      for (const one of answer.namespaces) {
        const own = pods.filter((pod) => pod.namespace === one.namespace);
        const cost = sumNanos(own.flatMap(({ cpuCost, ramCost, gpuCost }) => [cpuCost, ramCost, gpuCost]));
        expect(one.total_cost).toBeCloseTo(dollars(cost), 3);
        // It says nothing of a share in management.
        expect(one.management_cost).toBeNull();
        // What this Kubecost says was used is what was charged: over the time in which there was anything of the namespace.
        const coreHours = own.reduce((sum, pod) => sum + pod.cpuCoreHours, 0);
        const [from, to] = [own.map((pod) => pod.startMs), own.map((pod) => pod.endMs)];
        const hours = (Math.max(...to) - Math.min(...from)) / 3_600_000;
        expect(one.cpu.used_avg).toBeCloseTo(coreHours / hours, 3);
      }
      const shop = answer.namespaces.find((one) => one.namespace === namespace);
      expect(shop).toMatchObject({ cpu: { limit: 4, used_p95: 1.2 }, quotas: [{ hard: 8, used: 2 }] });
      const nodes = world.cluster.book
        .assets(startMs, endMs)
        .filter(({ assetType }) => assetType === 'node')
        .map(({ total }) => total);
      expect(Number(answer.total_cost) + Number(answer.idle_cost)).toBeCloseTo(dollars(sumNanos(nodes)), 3);
    },
  );

  it.each(['workloads', 'short workloads'] as const)('are %s of one namespace with its costs', async (name) => {
    const answer = await routes[name](await createCluster());
    expect(answer).toMatchObject({ source: 'live', source_reason: null });
    const pods = world.cluster.book.pods(startMs, endMs).filter((pod) => pod.namespace === namespace);
    expect(pods.length).toBeGreaterThan(0);
    expect(new Set(answer.workloads.map(({ controller }) => controller))).toEqual(
      new Set(pods.map(({ workload }) => workload)),
    );
    for (const one of answer.workloads) {
      expect(one).toMatchObject({ namespace, controller_kind: expect.stringMatching(/^[a-z]+$/) as unknown });
      const own = pods.filter(({ workload }) => workload === one.controller);
      const cost = sumNanos(own.flatMap(({ cpuCost, ramCost, gpuCost }) => [cpuCost, ramCost, gpuCost]));
      expect(one.total_cost).toBeCloseTo(dollars(cost), 3);
    }
    // Who heeds it need not answer the whole cluster.
    const asked = new URL(kubecost.requests.at(-1) ?? '', 'http://localhost').searchParams;
    expect(asked.get('filter')).toBe(`namespace:"${namespace}"`);
  });

  it('are workloads of the whole cluster', async () => {
    const id = await createCluster();
    const answer = await api().listKubernetesWorkloads({ params: { cluster_id: id }, query: window });
    expect(answer.source).toBe('live');
    const pods = world.cluster.book.pods(startMs, endMs);
    expect(new Set(answer.workloads.map((one) => one.namespace))).toEqual(new Set(pods.map((pod) => pod.namespace)));
  });

  it('are theirs when the store of metrics does not answer', async () => {
    const id = await createCluster();
    refuseUsage(world.metroculus);
    const answer = await routes.namespaces(id);
    expect(answer).toMatchObject({ source: 'live', usage: { coverage: null } });
    expect(answer.warnings).toMatchObject([{ code: 'usage-unavailable' }]);
  });
});

const ours = { source: 'stored', total_cost: storedTotal, total_count: 1 };

describe('each list', () => {
  it.each(everyRoute)(
    'of %s is ours when that is asked for, without an endpoint, and of what Kubecost does not know',
    async (name) => {
      const ask = routes[name];
      const id = await createCluster();
      expect(await ask(id, { source: 'stored' })).toMatchObject({ ...ours, source_reason: 'asked-for-stored' });
      const without = await createCluster(null);
      expect(await ask(without)).toMatchObject({ ...ours, source_reason: 'kubecost-not-configured' });
      await expect(ask(without, { source: 'live' })).rejects.toMatchObject({ code: 'kubecost-not-configured' });
      kubecost.forget((today + 5 * hourSeconds) * 1_000);
      const gap = { start_time: today + 5 * hourSeconds, end_time: today + 6 * hourSeconds };
      expect(await ask(id, gap)).toMatchObject({ source: 'stored', source_reason: 'kubecost-answer-empty' });
    },
  );
});

it.each(['assets', 'namespaces', 'workloads'] as const)(
  '%s are ours of a window of which Kubecost knows only the end',
  async (name) => {
    const id = await createCluster();
    kubecost.forgetBefore((today + 2 * hourSeconds) * 1_000);
    const longer = { end_time: today + 4 * hourSeconds };
    const reason = 'kubecost-cannot-answer';
    expect(await routes[name](id, longer)).toMatchObject({ ...ours, source_reason: reason });
    await expect(routes[name](id, { ...longer, source: 'live' })).rejects.toMatchObject({ code: reason });
  },
);

// The short addresses answer by the same code.
describe.each(['assets', 'namespaces', 'workloads'] as const)('%s', (name) => {
  const ask = routes[name];
  const path = name === 'assets' ? '/assets' : '/allocation';

  it.each([
    ['answers 500', 'error', 'kubecost-unavailable'],
    ['answers something that is no JSON', 'text', 'kubecost-answer-unexpected'],
    ['answers a login page', 'html', 'kubecost-not-offered'],
    ['answers a text for a number', 'type', 'kubecost-answer-unexpected'],
    ['breaks off in the middle of a row', 'half', 'kubecost-unavailable'],
  ] as const)('are ours when Kubecost %s, and say why', async (_what, fault, reason) => {
    const id = await createCluster();
    const expected: unknown = expect.stringMatching(reason);
    kubecost.fail(fault, { at: path });
    expect(await ask(id)).toMatchObject({ ...ours, source_reason: expected });
    await expect(ask(id, { source: 'live' })).rejects.toMatchObject({ code: expected });
  });

  it('leave a Kubecost alone that has failed five times', async () => {
    const id = await createCluster();
    kubecost.fail('error', { at: path });
    for (let failure = 1; failure <= 5; failure += 1)
      expect((await ask(id)).source_reason).toBe('kubecost-unavailable');
    const asked = kubecost.requests.length;
    expect(await ask(id)).toMatchObject({ ...ours, source_reason: 'kubecost-circuit-open' });
    expect(kubecost.requests).toHaveLength(asked);
  });
});

it('lists are ours when Kubecost takes connections and answers nothing within the budget', async () => {
  const silent = await startSilentServer();
  const id = await createCluster(`http://127.0.0.1:${String(silent.port)}`);
  // Two may ask one Kubecost at a time.
  for (const pair of [['assets', 'namespaces'] as const, ['workloads'] as const]) {
    const answers = await Promise.all(pair.map((name) => routes[name](id)));
    for (const answer of answers) {
      expect(answer).toMatchObject({ source: 'stored', total_cost: storedTotal });
      expect(answer.source_reason).toBe('kubecost-timeout');
    }
  }
  await silent.close();
});
