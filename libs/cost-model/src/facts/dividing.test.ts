import type { Series } from '../series';
import { gib, hour, nodeSeries, podSeries, rowOf, steady, totalsOf, type Minutes } from '../testing/hour-series';
import { allocateHour, type AllocatedHour } from './hour-allocator';
import { settle } from './settle';

function allocate(...series: readonly Series[][]): AllocatedHour {
  const allocated = allocateHour({ window: hour, series: [...nodeSeries('n1'), ...series.flat()] });
  expect(totalsOf(allocated.allocations)).toEqual(totalsOf(allocated.assets));
  return allocated;
}

/** 30 GiB at .0002: .006 an hour. */
const volume: Series[] = [
  steady({ __name__: 'pv_hourly_cost', volumename: 'v', provider_id: 'vol-1' }, 0.0002),
  steady({ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'v' }, 30 * gib),
  steady(
    { __name__: 'kube_persistentvolumeclaim_info', namespace: 'a', persistentvolumeclaim: 'data', volumename: 'v' },
    1,
  ),
];
const mount = (pod: string, minutes?: Minutes): Series =>
  steady(
    { __name__: 'pod_pvc_allocation', namespace: 'a', pod, persistentvolumeclaim: 'data', persistentvolume: 'v' },
    30 * gib,
    minutes,
  );
const pvCosts = ({ allocations }: AllocatedHour): Record<string, string | null> =>
  Object.fromEntries(allocations.filter(({ pv_cost }) => pv_cost !== null).map((row) => [row.pod, row.pv_cost]));

describe('a volume', () => {
  it('shared by pods costs each its part of the time in which it is shared', () => {
    // x all hour, y from :20, z from :40. x: 20 + 20/2 + 20/3 minutes; y: 20/2 + 20/3; z: 20/3; of .006/60 a minute.
    // x .003666666…, y .001666666…, z .000666666…: rounded up each, 1 nano above .006 in all; x is the largest.
    const lives = { x: -5, y: 20, z: 40 };
    const pods = Object.entries(lives).flatMap(([pod, from]) => [...podSeries(pod, { from }), mount(pod, { from })]);
    expect(pvCosts(allocate(volume, pods))).toEqual({ x: '0.003666666', y: '0.001666667', z: '0.000666667' });
  });

  it('that moves costs each pod the time in which it has it, and nobody the time in between', () => {
    const first = { to: 20 };
    const second = { from: 30 };
    const pods = [...podSeries('x', first), mount('x', first), ...podSeries('y', second), mount('y', second)];
    // 20, 30 and 10 minutes of .006
    expect(pvCosts(allocate(volume, pods))).toEqual({ x: '0.002000000', y: '0.003000000', '': '0.001000000' });
  });

  it('that only a claim ties to its pod is found by the claim', () => {
    const spec = 'kube_pod_spec_volumes_persistentvolumeclaims_info';
    const relation = { __name__: spec, namespace: 'a', pod: 'x', uid: 'uid-x', persistentvolumeclaim: 'data' };
    const row = rowOf(allocate(volume, podSeries('x'), [steady(relation, 1)]), { pod: 'x' });
    expect(row.volumes).toEqual([
      { volume: 'v', claim: 'data', provider_id: 'vol-1', byte_hours: 30 * gib, cost: '0.006000000' },
    ]);
  });

  it('is divided evenly among the containers of its pod, the odd nano to the first', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const pods = names.flatMap((container) => podSeries('x', { container, cores: 0.1, bytes: gib }));
    const rows = allocate(volume, pods, [mount('x')]).allocations.filter(({ kind }) => kind === 'container');
    // .006/7 = .000857142857…, rounded up: seven of them are 1 nano more than .006
    const [first, ...others] = rows.map(({ pv_cost }) => pv_cost);
    expect(first).toBe('0.000857142');
    expect(others).toEqual(others.map(() => '0.000857143'));
  });

  it('without a claim is unmounted, in no namespace', () => {
    expect(rowOf(allocate(volume.slice(0, 2)), { kind: 'unattributed' })).toMatchObject({
      asset_type: 'disk',
      asset_key: 'v',
      provider_id: 'vol-1',
      namespace: '',
      pv_cost: '0.006000000',
      total_cost: '0.006000000',
    });
  });

  it('without a price is known, its cost is not', () => {
    const row = rowOf(allocate(volume.slice(1), podSeries('x'), [mount('x')]), { pod: 'x' });
    expect(row).toMatchObject({ pv_byte_hours: 30 * gib, pv_cost: null });
  });
});

describe('a load balancer', () => {
  const balancer = steady(
    { __name__: 'kubecost_load_balancer_cost', namespace: 'a', service_name: 'edge', ingress_ip: '1.2.3.4' },
    0.025,
  );
  const service = steady({ __name__: 'service_selector_labels', namespace: 'a', service: 'edge', label_app: 'web' }, 1);

  it('is divided by how long the pods ran that its service selects', () => {
    const labels = { app: 'web' };
    const pods = [...podSeries('x', { labels }), ...podSeries('y', { labels, from: 40 }), ...podSeries('other')];
    const allocated = allocate([balancer, service], pods);
    // 60 and 20 minutes: three quarters and one quarter of .025
    expect(rowOf(allocated, { pod: 'x' })).toMatchObject({
      services: ['edge'],
      load_balancer_hours: 0.75,
      load_balancers: [{ service: 'a/edge', ip: '1.2.3.4', hours: 0.75, cost: '0.018750000' }],
      load_balancer_cost: '0.018750000',
    });
    expect(rowOf(allocated, { pod: 'y' }).load_balancer_cost).toBe('0.006250000');
    expect(rowOf(allocated, { pod: 'other' })).toMatchObject({ services: [], load_balancer_cost: null });
  });

  it('is not for pods of another namespace, however they are labelled', () => {
    const allocated = allocate([balancer, service], podSeries('x', { namespace: 'b', labels: { app: 'web' } }));
    expect(rowOf(allocated, { kind: 'unattributed' })).toMatchObject({ namespace: 'a', total_cost: '0.025000000' });
  });
});

describe('traffic', () => {
  const price = (traffic: string, value: number): Series =>
    steady({ __name__: `kubecost_network_${traffic}_egress_cost` }, value);
  const sent = (pod: string, gibPerMinute: number, internet = 'true'): Series =>
    steady(
      {
        __name__: 'kubecost_pod_network_egress_bytes_total',
        namespace: 'a',
        pod_name: pod,
        internet,
        same_zone: 'false',
        same_region: 'true',
      },
      (at) => (at + 5) * gibPerMinute * gib,
    );

  it('is charged to the pod that sends it, evenly over its containers', () => {
    const containers = [...podSeries('x', { container: 'app' }), ...podSeries('x', { container: 'proxy' })];
    const counters = [sent('x', 0.5), sent('x', 0.25, 'false')];
    const allocated = allocate([price('internet', 0.12), price('zone', 0.01)], containers, counters);
    // 30 GiB × .12 = 3.6 and 15 GiB × .01 = .15, in halves
    for (const container of ['app', 'proxy']) {
      expect(rowOf(allocated, { container })).toMatchObject({
        network_internet_bytes: 15 * gib,
        network_zone_bytes: 7.5 * gib,
        network_region_bytes: null,
        network_internet_cost: '1.800000000',
        network_zone_cost: '0.075000000',
        network_region_cost: null,
        network_cost: '1.875000000',
      });
    }
  });

  it('of a pod that nobody knows is a row of its own, in the namespace that it names', () => {
    const row = rowOf(allocate([price('internet', 0.12)], [sent('ghost', 0.5)]), { kind: 'unattributed' });
    expect(row).toMatchObject({ namespace: 'a', pod: 'ghost', asset_key: 'internet', network_cost: '3.600000000' });
  });

  it('is divided by time between two pods of one name', () => {
    const lives = [...podSeries('db-0', { uid: '1', to: 15 }), ...podSeries('db-0', { uid: '2', from: 15 })];
    const allocated = allocate([price('internet', 0.12)], lives, [sent('db-0', 0.5)]);
    // 7.5 and 22.5 GiB × .12
    expect(rowOf(allocated, { pod_uid: '1' }).network_cost).toBe('0.900000000');
    expect(rowOf(allocated, { pod_uid: '2' }).network_cost).toBe('2.700000000');
  });

  it('of any kind is told by interface, and costs nothing of itself', () => {
    const counted = (name: string, of: string): Series =>
      steady({ __name__: name, namespace: 'a', pod: 'x', interface: of }, (at) => 1000 + at * 100);
    const out = ['eth0', 'eth1'].map((of) => counted('container_network_transmit_bytes_total', of));
    const row = rowOf(allocate(podSeries('x'), out), { pod: 'x' });
    expect(row).toMatchObject({ network_transmit_bytes: 12_000, network_receive_bytes: null, network_cost: null });
  });
});

describe('the fee for the control plane', () => {
  it('is nobody’s', () => {
    const fee = steady({ __name__: 'kubecost_cluster_management_cost', provisioner_name: 'EKS' }, 0.1);
    expect(rowOf(allocate([fee]), { kind: 'unattributed' })).toMatchObject({
      asset_type: 'management',
      asset_key: 'EKS',
      covered_seconds: 3600,
      management_cost: '0.100000000',
    });
  });
});

describe('idle', () => {
  it('below zero is kept, with its cause: more is allocated than there is', () => {
    // 5 of 4 cores: −1 × .03; 14 of 16 GiB are idle
    const allocated = allocate(podSeries('x', { cores: 5 }));
    expect(rowOf(allocated, { kind: 'idle' })).toMatchObject({
      cpu_core_hours: -1,
      cpu_cost: '-0.030000000',
      ram_cost: '0.056000000',
      total_cost: '0.026000000',
      flags: ['negative-idle', 'over-allocated'],
    });
    expect(allocated.flags).toEqual(expect.arrayContaining(['negative-idle', 'over-allocated']));
  });

  it('below zero is kept, with its cause: the capacity is unknown', () => {
    const [cpuPrice, ramPrice] = nodeSeries('n1');
    const series = [cpuPrice, ramPrice].flatMap((one) => one ?? []);
    const allocated = allocateHour({ window: hour, series: [...series, ...podSeries('x')] });
    expect(rowOf(allocated, { pod: 'x' }).total_cost).toBe('0.038000000');
    expect(rowOf(allocated, { kind: 'idle' })).toMatchObject({
      cpu_core_hours: null,
      total_cost: '-0.038000000',
      flags: ['negative-idle', 'node-capacity-unknown'],
    });
    expect(totalsOf(allocated.allocations)).toEqual(totalsOf(allocated.assets));
  });

  it('below zero is kept, with its cause: for a time the capacity is unknown, but not the price', () => {
    const series = nodeSeries('n1').map((one, index) =>
      index < 2 ? one : steady(one.labels, one.values[0] ?? 0, { to: 30 }),
    );
    const allocated = allocateHour({ window: hour, series: [...series, ...podSeries('x', { cores: 3 })] });
    // 4 cores for half an hour, 3 for a whole one
    expect(rowOf(allocated, { kind: 'idle' })).toMatchObject({
      cpu_cost: '-0.030000000',
      flags: ['negative-idle', 'node-capacity-gap'],
    });
  });

  it('of a node that is exactly full is nothing', () => {
    const full = ['x', 'y', 'z'].flatMap((pod) => podSeries(pod, { cores: 4 / 3, bytes: (16 * gib) / 4 }));
    const last = podSeries('rest', { cores: 0, bytes: 4 * gib });
    // The double 1.3333333333333333 three times is 3.9999999999999999: less than a nano of .12 is left
    expect(rowOf(allocate(full, last), { kind: 'idle' })).toMatchObject({ total_cost: '0.000000000', flags: [] });
  });
});

describe('settle', () => {
  it('keeps what is claimed, and leaves the rest, where the rest is more than rounding', () => {
    expect(settle(100n, [30n, 20n])).toEqual({ shares: [30n, 20n], rest: 50n });
    expect(settle(100n, [90n, 20n])).toEqual({ shares: [90n, 20n], rest: -10n });
    expect(settle(7n, [])).toEqual({ shares: [], rest: 7n });
  });

  it('gives rounding to the largest claim, of equals to the first', () => {
    // Three claims and a total, half a nano each: up to 2 nanos
    expect(settle(100n, [33n, 34n, 34n])).toEqual({ shares: [33n, 33n, 34n], rest: 0n });
    expect(settle(100n, [33n, 33n, 32n])).toEqual({ shares: [35n, 33n, 32n], rest: 0n });
    expect(settle(100n, [33n, 33n, 31n])).toEqual({ shares: [33n, 33n, 31n], rest: 3n });
  });
});
