import { sumNanos } from '@cloudtuner/cost-model';
import {
  createSampleCluster,
  startKubecostServer,
  startSilentServer,
  waitFor,
  type KubecostServer,
} from '@cloudtuner/test-kit';
import { nowMs, startLiveWorld, today, type LiveWorld } from './testing/live-world';
import type { RestapiHarness, TestOrganization } from './testing/restapi-harness';
import { storeHours } from './testing/stored-hours';

const hourSeconds = 3_600;
const window = { start_time: today, end_time: today + 2 * hourSeconds };
/** What is stored of each hour: 0.5 $. */
const storedTotal = 1;

let world: LiveWorld;
let cluster: LiveWorld['cluster'];
let harness: RestapiHarness;
let organization: TestOrganization;
let kubecost: KubecostServer;

beforeAll(async () => {
  world = await startLiveWorld();
  ({ harness, organization, kubecost, cluster } = world);
}, 120_000);
afterAll(() => world.stop());
beforeEach(() => {
  kubecost.fail('none');
  kubecost.forgetBefore(0);
});

const api = () => harness.client(organization.owner.token);

async function createCluster(endpoint: string | null = kubecost.url, clusterId?: string): Promise<string> {
  const id = await world.createCluster(endpoint, clusterId);
  const hours = [0, 1].map((index) => ({
    ...{ hour: today + index * hourSeconds, version: `v${String(index)}`, readAtMs: nowMs - 1 },
    assets: [{ cpu_cost: 500_000_000n }],
  }));
  await storeHours(world.clickhouse, id, hours);
  return id;
}

type Query = Parameters<ReturnType<typeof api>['getClusterCosts']>[0]['query'];
const costs = (id: string, query: Partial<Query> = {}) =>
  api().getClusterCosts({ params: { cluster_id: id }, query: { ...window, step: '1h', ...query } });
const byNamespace = (id: string, query: Partial<Query> = {}) =>
  api().getClusterCosts({ params: { cluster_id: id }, query: { ...window, aggregate: 'namespace', ...query } });

const dollars = (nanos: bigint): number => Number(nanos) / 1e9;
const breaker = async (id: string, endpoint: string): Promise<number | undefined> => {
  const text = await harness.registry.getSingleMetricAsString('restapi_kubecost_breaker_state');
  const line = text.split('\n').find((one) => one.includes(id) && one.includes(`endpoint="${endpoint}"`));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
};

describe('costs of a cluster whose Kubecost may be asked', () => {
  it('are what its Kubecost says, and say so: hours of the whole cluster as its book has them', async () => {
    const answer = await costs(await createCluster());
    expect(answer).toMatchObject({ source: 'live', source_reason: null, coverage: null, granularity: 'cluster' });
    expect(answer.costs).toHaveLength(2);
    for (const [index, bucket] of answer.costs.entries()) {
      const startMs = (today + index * hourSeconds) * 1_000;
      const book = cluster.book.costBetween(startMs, startMs + hourSeconds * 1_000);
      // Each asset was rounded to five decimals.
      expect(bucket.total_cost).toBeCloseTo(dollars(book.total), 3);
      expect(bucket.management_cost).toBeCloseTo(dollars(book.management), 3);
      expect(bucket.pv_cost).toBeCloseTo(dollars(book.pv), 3);
    }
    const { costs: buckets, total } = answer;
    expect(total.total_cost).toBeCloseTo(Number(buckets[0]?.total_cost) + Number(buckets[1]?.total_cost), 8);
  });

  it('are its rows by namespace, with idle, and its parts add up to the total', async () => {
    const answer = await byNamespace(await createCluster());
    expect(answer).toMatchObject({ source: 'live', granularity: 'workload', aggregate: 'namespace' });
    const endMs = window.end_time * 1_000;
    const pods = cluster.book.pods(window.start_time * 1_000, endMs);
    const nodes = cluster.book.assets(window.start_time * 1_000, endMs).filter(({ assetType }) => assetType === 'node');
    for (const namespace of new Set(pods.map((pod) => pod.namespace))) {
      const own = pods.filter((pod) => pod.namespace === namespace);
      const expected = dollars(sumNanos(own.flatMap(({ cpuCost, ramCost, gpuCost }) => [cpuCost, ramCost, gpuCost])));
      expect(answer.rows?.find((row) => row.name === namespace)?.total_cost).toBeCloseTo(expected, 3);
    }
    expect(answer.rows?.map(({ name }) => name)).toContain('__idle__');
    // Idle is what the nodes cost beyond their containers, so both together cost what the nodes do.
    expect(answer.total.total_cost).toBeCloseTo(dollars(sumNanos(nodes.map(({ total }) => total))), 3);
    const hidden = await byNamespace(await createCluster(), { idle: 'false' });
    expect(hidden.rows?.map(({ name }) => name)).not.toContain('__idle__');
  });

  it('come in the steps that were asked for', async () => {
    const answer = await byNamespace(await createCluster(), { step: '1h' });
    expect(answer.costs.map(({ start }) => start)).toEqual([today, today + hourSeconds]);
    for (const [index, step] of answer.costs.entries()) {
      const startMs = (today + index * hourSeconds) * 1_000;
      const nodes = cluster.book.assets(startMs, startMs + hourSeconds * 1_000);
      const expected = sumNanos(nodes.filter(({ assetType }) => assetType === 'node').map(({ total }) => total));
      expect(step.total_cost).toBeCloseTo(dollars(expected), 3);
    }
  });

  it('are ours when that is asked for, when there is no endpoint, or when the question is not one for Kubecost', async () => {
    const id = await createCluster();
    expect(await costs(id, { source: 'stored' })).toMatchObject({
      ...{ source: 'stored', source_reason: 'asked-for-stored', total: { total_cost: storedTotal } },
    });
    const without = await createCluster(null);
    expect(await costs(without)).toMatchObject({ source: 'stored', source_reason: 'kubecost-not-configured' });
    await expect(costs(without, { source: 'live' })).rejects.toMatchObject({ code: 'kubecost-not-configured' });
    const filter = 'namespace:"frontend"';
    const asked = kubecost.requests.length;
    expect(await byNamespace(id, { filter })).toMatchObject({
      source: 'stored',
      source_reason: 'kubecost-cannot-answer',
    });
    await expect(byNamespace(id, { filter, source: 'live' })).rejects.toMatchObject({ code: 'kubecost-cannot-answer' });
    expect(kubecost.requests).toHaveLength(asked);
  });

  it('are ours of a window of which Kubecost knows only the end', async () => {
    const id = await createCluster();
    const longer = { end_time: today + 4 * hourSeconds };
    kubecost.forgetBefore((today + 2 * hourSeconds) * 1_000);
    for (const ask of [costs, byNamespace]) {
      expect(await ask(id, longer)).toMatchObject({
        ...{ source: 'stored', source_reason: 'kubecost-cannot-answer', total: { total_cost: storedTotal } },
      });
      await expect(ask(id, { ...longer, source: 'live' })).rejects.toMatchObject({ code: 'kubecost-cannot-answer' });
      // Where nothing is stored of the time before, it tells all that there is.
      const since = { start_time: today - 2 * hourSeconds, end_time: today + 2 * hourSeconds };
      kubecost.forgetBefore(today * 1_000);
      expect(await ask(id, since)).toMatchObject({ source: 'live' });
      kubecost.forgetBefore((today + 2 * hourSeconds) * 1_000);
    }
  });

  it('are ours of a window of which Kubecost knows nothing', async () => {
    const id = await createCluster();
    kubecost.forget((today + 5 * hourSeconds) * 1_000);
    const gap = { start_time: today + 5 * hourSeconds, end_time: today + 6 * hourSeconds };
    expect(await costs(id, gap)).toMatchObject({ source: 'stored', source_reason: 'kubecost-answer-empty' });
    expect(await byNamespace(id, gap)).toMatchObject({ source: 'stored', source_reason: 'kubecost-answer-empty' });
  });
});

it('costs are those of the cluster that the account names of a Kubecost that knows several; where it names none they are ours', async () => {
  const startMs = (today - 6 * hourSeconds) * 1_000;
  const other = createSampleCluster({ seed: 5, name: 'Other', clusterId: 'other', profile: 'shop', startMs });
  const times = { product: 'kubecost', nowMs: () => nowMs } as const;
  const primary = await startKubecostServer({ cluster, otherClusters: [other], ...times });
  try {
    const alone = await createCluster();
    const [named, unnamed] = [await createCluster(primary.url, 'shop'), await createCluster(primary.url)];
    for (const ask of [costs, byNamespace]) {
      const [expected, answer] = [await ask(alone), await ask(named)];
      expect(answer).toMatchObject({ source: 'live', total: { total_cost: expected.total.total_cost } });
      expect(await ask(unnamed)).toMatchObject({
        ...{ source: 'stored', source_reason: 'kubecost-answer-unexpected', total: { total_cost: storedTotal } },
      });
    }
  } finally {
    await primary.stop();
  }
});

describe('a Kubecost that fails', () => {
  it.each([
    ['answers 500', 'error', 'kubecost-unavailable'],
    ['answers something that is no JSON', 'text', 'kubecost-answer-unexpected'],
    ['answers a login page', 'html', 'kubecost-not-offered'],
    ['answers a text for a number', 'type', 'kubecost-answer-unexpected'],
    ['breaks off in the middle of a row', 'half', 'kubecost-unavailable'],
    // On a machine that is slow enough the time is up before the 8 MiB that are read.
    ['answers 200 MB', 'huge', /^kubecost-(answer-too-large|timeout)$/],
    ['is slow', 'slow', 'kubecost-timeout'],
  ] as const)('and %s leaves our own answer, which says why', async (_what, fault, reason) => {
    const id = await createCluster();
    const expected: unknown = expect.stringMatching(reason);
    kubecost.fail(fault, { at: '/allocation', slowMs: 600_000, hugeBytes: 200_000_000 });
    expect(await byNamespace(id)).toMatchObject({
      ...{ source: 'stored', source_reason: expected, total: { total_cost: storedTotal } },
    });
    await expect(byNamespace(id, { source: 'live' })).rejects.toMatchObject({ code: expected });
  });

  it('and takes a connection without ever answering leaves our own answer, also of the whole cluster', async () => {
    const silent = await startSilentServer();
    const id = await createCluster(`http://127.0.0.1:${String(silent.port)}`);
    expect(await costs(id)).toMatchObject({
      ...{ source: 'stored', source_reason: 'kubecost-timeout', total: { total_cost: storedTotal } },
    });
    await silent.close();
    expect(await costs(id)).toMatchObject({ source: 'stored', source_reason: 'kubecost-unavailable' });
  });

  it('is left alone after five failures, asked again after a rest, and trusted again when it answers', async () => {
    const id = await createCluster();
    kubecost.fail('error', { at: '/allocation' });
    for (let failure = 1; failure <= 5; failure += 1)
      expect((await byNamespace(id)).source_reason).toBe('kubecost-unavailable');
    expect(await breaker(id, 'allocation')).toBe(2);
    const asked = kubecost.requests.length;
    expect((await byNamespace(id)).source_reason).toBe('kubecost-circuit-open');
    expect(kubecost.requests).toHaveLength(asked);
    // Another endpoint has a breaker of its own.
    expect((await costs(id)).source).toBe('live');
    kubecost.fail('none');
    await waitFor(async () => (await byNamespace(id)).source === 'live', {
      ...{ what: 'live answers again', timeoutMs: 45_000, intervalMs: 250 },
    });
    expect(await breaker(id, 'allocation')).toBe(0);
  });
});
