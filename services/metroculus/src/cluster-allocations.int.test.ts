import { parseNanos, sumNanos } from '@cloudtuner/cost-model';
import type { KubecostAllocations } from '@cloudtuner/metroculus-client';
import { randomTenant, sharedServers, waitFor, type StoreAddress } from '@cloudtuner/test-kit';
import { startMetroculus, type Metroculus } from './testing/metroculus-harness';
import { eachMinute, pushSeries, type Labels, type PushedSeries } from './testing/sample-store';

const minute = 60_000;
const hour = 60 * minute;
const gib = 2 ** 30;

// Two hours that are whole in every store: the first is closed, the second is running for the service's clock.
const zeroMs = Math.floor(Date.now() / hour) * hour - 3 * hour;
const nowMs = zeroMs + hour + 15 * minute;
const zero = zeroMs / 1000;

const span = { zeroMs, from: -5, to: 75 };
const steady = (labels: Labels, value: number | ((at: number) => number), of = span): PushedSeries =>
  eachMinute(labels, value, of);

/** A container of 1 core and 2 GiB. */
function pod(name: string, more: Labels = {}, of = span): PushedSeries[] {
  const place = { namespace: 'web', pod: name, container: 'main', ...more };
  return [
    steady({ __name__: 'kube_pod_container_status_running', ...place }, 1, of),
    steady({ __name__: 'container_cpu_allocation', ...place, node: 'n1' }, 1, of),
    steady({ __name__: 'container_memory_allocation_bytes', ...place, node: 'n1' }, 2 * gib, of),
  ];
}

/** 100 KiB a minute, 6,000 KiB an hour. */
const egressOf = (labels: Labels): PushedSeries =>
  steady(
    {
      __name__: 'kubecost_pod_network_egress_bytes_total',
      internet: 'true',
      same_zone: 'false',
      same_region: 'false',
      ...labels,
    },
    (at) => (at + 5) * 102_400,
  );

/**
 * A node of 8 cores at .03 and 16 GiB at .004: .24 + .064 an hour. Two pods all the time; one from 00:30, as a scrape
 * without honor_labels names it; a fee of .10; traffic to the internet at 1 a GiB of one pod, of another one that is not
 * known, and of nobody.
 */
const cluster: readonly PushedSeries[] = [
  steady({ __name__: 'node_cpu_hourly_cost', node: 'n1', instance: 'n1' }, 0.03),
  steady({ __name__: 'node_ram_hourly_cost', node: 'n1', instance: 'n1' }, 0.004),
  steady({ __name__: 'kube_node_status_capacity', node: 'n1', resource: 'cpu' }, 8),
  steady({ __name__: 'kube_node_status_capacity', node: 'n1', resource: 'memory' }, 16 * gib),
  steady({ __name__: 'kubecost_cluster_management_cost', provisioner_name: 'EKS' }, 0.1),
  steady({ __name__: 'kubecost_network_internet_egress_cost' }, 1),
  steady(
    {
      __name__: 'kube_replicaset_owner',
      namespace: 'web',
      replicaset: 'web-5d',
      owner_kind: 'Deployment',
      owner_name: 'web',
    },
    1,
  ),
  steady(
    { __name__: 'kube_pod_owner', namespace: 'web', pod: 'web-5d-a', owner_kind: 'ReplicaSet', owner_name: 'web-5d' },
    1,
  ),
  ...pod('web-5d-a'),
  ...pod('db.0'),
  ...pod(
    'ksm-0',
    { exported_namespace: 'late', exported_pod: 'late-0', exported_container: 'app' },
    { ...span, from: 30 },
  ),
  egressOf({ namespace: 'web', pod_name: 'web-5d-a', pod: 'network-costs-x' }),
  egressOf({ namespace: 'web', pod_name: 'gone-0' }),
  egressOf({}),
];

const stores = [
  ['Prometheus', () => sharedServers().prometheus()],
  ['Thanos', () => sharedServers().thanos()],
] as const;

describe.each(stores)('allocations over %s', (_name, storeOf) => {
  let store: StoreAddress;
  const running: Metroculus[] = [];
  const cloudAccountId = randomTenant();

  async function start(env: Readonly<Record<string, string>> = {}): Promise<Metroculus> {
    const metroculus = await startMetroculus({ queryUrl: store.queryUrl, nowMs: () => nowMs, env });
    running.push(metroculus);
    return metroculus;
  }
  const read = ({ client }: Metroculus, startSeconds: number, accountId = cloudAccountId) =>
    client.getKubecostAllocations({ cloudAccountId: accountId, startSeconds, endSeconds: startSeconds + 3600 });
  const seen = (metroculus: Metroculus, accountId: string, count: number) =>
    waitFor(async () => (await read(metroculus, zero, accountId)).allocations.length >= count, { what: 'the pods' });

  let metroculus: Metroculus;
  let closed: KubecostAllocations;
  beforeAll(async () => {
    store = await storeOf();
    metroculus = await start();
    // Of somebody else and newer than all that follows: for a store the cluster's samples come late.
    const recently = { zeroMs: Math.floor(Date.now() / minute) * minute, from: -3, to: -1 };
    await pushSeries(store, randomTenant(), [eachMinute({ __name__: 'up', job: 'newer' }, 1, recently)]);
    await pushSeries(store, cloudAccountId, cluster);
    await pushSeries(store, randomTenant(), pod('of-another-tenant'));
    await seen(metroculus, cloudAccountId, 7);
    closed = await read(metroculus, zero);
  });
  afterAll(() => Promise.all(running.map((one) => one.stop())));

  it('a closed hour is divided among what ran in it', () => {
    const rows = closed.allocations.map((row) => [
      row.kind,
      row.namespace,
      row.pod,
      row.controller,
      row.cpu_cost,
      row.ram_cost,
    ]);
    expect(rows).toEqual([
      ['container', 'late', 'late-0', '', '0.015000000', '0.004000000'], // half an hour of .03 and of 2 × .004
      ['container', 'web', 'db.0', '', '0.030000000', '0.008000000'],
      ['container', 'web', 'web-5d-a', 'web', '0.030000000', '0.008000000'],
      ['idle', '', '', '', '0.165000000', '0.044000000'], // .24 − .075, .064 − .02
      ['unattributed', '', '', '', null, null], // the fee
      ['unattributed', '', '', '', null, null], // traffic of nobody
      ['unattributed', 'web', 'gone-0', '', null, null], // traffic of a pod that is not known
    ]);
    // 6,000 KiB = .005722046 GiB
    const network = closed.allocations.flatMap((row) => row.network_cost ?? []);
    expect(network).toEqual(['0.005722046', '0.005722046', '0.005722046']);
    expect(closed.end).toMatchObject({ measured_seconds: 3600, expected_seconds: 3600, last_sample_at: zero + 3600 });
  });

  it('adds up to its assets, which are those of kubecost_assets', async () => {
    const total = (rows: readonly { readonly total_cost: string }[]): bigint =>
      sumNanos(rows.map((row) => parseNanos(row.total_cost)));
    expect(total(closed.allocations)).toBe(total(closed.assets));
    const window = { cloudAccountId, startSeconds: zero, endSeconds: zero + 3600 };
    expect(closed.assets).toEqual((await metroculus.client.getKubecostAssets(window)).rows);
  });

  it('is the same to the byte however its pods are read', async () => {
    for (const pods of ['1', '2']) {
      const { end } = await read(await start({ ALLOCATION_PODS_PER_QUERY: pods }), zero);
      expect(end.sha256).toBe(closed.end.sha256);
    }
  });

  it('of a running hour is what has passed', async () => {
    const { allocations, end } = await read(metroculus, zero + 3600);
    const db = allocations.find((row) => row.pod === 'db.0');
    expect(db).toMatchObject({ covered_seconds: 900, cpu_cost: '0.007500000' });
    expect(end).toMatchObject({ measured_seconds: 900, expected_seconds: 900, last_sample_at: zero + 4500 });
  });

  it('of an account that nobody knows is not measured', async () => {
    const { assets, allocations, end } = await read(metroculus, zero, randomTenant());
    expect({ assets, allocations }).toEqual({ assets: [], allocations: [] });
    expect(end).toMatchObject({ measured_seconds: 0, expected_seconds: 3600, last_sample_at: null });
  });

  it('reads pods whose samples do not fit into one answer in smaller parts, and refuses what cannot be cut', async () => {
    const everySecond = (name: string, seconds: number): PushedSeries => ({
      labels: { __name__: 'container_cpu_allocation', namespace: 'big', pod: name, container: 'main', node: 'n1' },
      samples: Array.from({ length: seconds }, (_, at) => [zeroMs + at * 1000, 1 + (at % 7) / 8] as const),
    });
    const many = randomTenant();
    const names = Array.from({ length: 24 }, (_, index) => `big-${String(index)}`);
    await pushSeries(
      store,
      many,
      names.map((name) => everySecond(name, 3_600)),
    );
    await seen(metroculus, many, names.length);
    // A sample takes some 20 bytes: 24 pods are 1.7 MiB.
    const small = await start({ METRICS_QUERY_MAX_RESPONSE_MIB: '1' });
    expect((await read(small, zero, many)).end.sha256).toBe((await read(metroculus, zero, many)).end.sha256);
    expect(await small.registry.metrics()).toMatch(/query="pods",outcome="metrics_query_too_large"[^}]*} 1\n/);

    const one = randomTenant();
    const containers = names.map((container) => {
      const { labels, samples } = everySecond('one', 3_600);
      return { labels: { ...labels, container }, samples };
    });
    await pushSeries(store, one, containers);
    await seen(metroculus, one, names.length);
    await expect(read(small, zero, one)).rejects.toMatchObject({ code: 'metrics-query-too-large' });
  });
});
