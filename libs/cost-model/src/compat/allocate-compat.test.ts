import type { AllocationFact } from '../allocation-fact';
import { allocateHour } from '../facts/hour-allocator';
import type { Series } from '../series';
import { gib, minute, nodeSeries, podSeries, startMs, steady, type Labels } from '../testing/hour-series';
import { allocateCompat } from './allocate-compat';

const dayMinutes = 24 * 60;
const window = { startMs, endMs: startMs + dayMinutes * minute };
const hour = { startMs, endMs: startMs + 60 * minute };
const allDay = { from: -5, to: dayMinutes + 5 };
const halfDay = { from: 6 * 60, to: 18 * 60 };

/** Capacity under the names that OpenCost of 2024 reads. */
const nodeV1 = (node: string, minutes = allDay, cores = 4): Series[] => [
  ...nodeSeries(node, minutes),
  steady({ __name__: 'kube_node_status_capacity_cpu_cores', node }, cores, minutes),
  steady({ __name__: 'kube_node_status_capacity_memory_bytes', node }, 16 * gib, minutes),
];
const volumeSeries = (volume: string, claim: string, minutes = allDay): Series[] => [
  steady({ __name__: 'pv_hourly_cost', volumename: volume }, 0.0001, minutes),
  steady({ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: volume }, 10 * gib, minutes),
  steady(
    { __name__: 'kube_persistentvolumeclaim_info', namespace: 'b', persistentvolumeclaim: claim, volumename: volume },
    1,
    minutes,
  ),
];
const mount = (pod: string, claim: string, volume: string, minutes = allDay): Series =>
  steady(
    { __name__: 'pod_pvc_allocation', namespace: 'b', pod, persistentvolumeclaim: claim, persistentvolume: volume },
    10 * gib,
    minutes,
  );
const balancer = (labels: Labels = {}): Series =>
  steady(
    { __name__: 'kubecost_load_balancer_cost', namespace: 'c', service_name: 'edge', ingress_ip: '1.2.3.4', ...labels },
    0.025,
    allDay,
  );

function row(facts: readonly AllocationFact[], where: Partial<AllocationFact>): AllocationFact {
  const found = facts.filter((fact) =>
    Object.entries(where).every(([name, value]) => fact[name as keyof AllocationFact] === value),
  );
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw new Error(`${String(found.length)} rows of ${JSON.stringify(where)}`);
  return first;
}

describe('the worked example as OpenCost computes it', () => {
  const series = [
    ...nodeV1('n1'),
    ...podSeries('web', { ...allDay, namespace: 'a', cores: 1.25, bytes: 2 * gib }),
    ...podSeries('job', { ...halfDay, namespace: 'b', cores: 0.5, bytes: gib }),
    ...volumeSeries('pvc-1', 'data'),
    mount('job', 'data', 'pvc-1', halfDay),
    balancer(),
  ];
  const facts = allocateCompat({ window, series });

  it('gives web and job what the exact mode gives them', () => {
    // 24 × 1.25 × .03 and 24 × 2 × .004
    expect(row(facts, { pod: 'web' })).toMatchObject({
      cpu_core_hours: 30,
      cpu_cost: '0.900000000',
      ram_cost: '0.192000000',
    });
    expect(row(facts, { pod: 'job' })).toMatchObject({
      started_seconds: 21_600,
      ended_seconds: 64_800,
      cpu_cost: '0.180000000',
      ram_cost: '0.048000000',
    });
  });

  it('D1: charges .006 for half a day of the volume, .012 to nobody, and loses .006', () => {
    // 10 · 12 · .0001 · .5, and 10 · 24 · .0001 · .5
    expect(row(facts, { pod: 'job' }).pv_cost).toBe('0.006000000');
    expect(row(facts, { kind: 'unattributed', asset_type: 'disk' })).toMatchObject({
      namespace: 'b',
      pod: 'b-unmounted-pvcs',
      pv_cost: '0.012000000',
    });
    const exact = allocateHour({ window, series }).allocations;
    expect(row(exact, { pod: 'job' }).pv_cost).toBe('0.012000000');
  });

  it('D2: counts the load balancer that selects nothing twice, and 5 minutes too long', () => {
    // .025 · (24 + 1/12) · 2 = 1.2041666…
    expect(row(facts, { kind: 'unattributed', asset_type: 'load_balancer' }).load_balancer_cost).toBe('1.204166667');
  });

  it('D3: has idle of 1.80 for cores and 1.296 for memory, and of nothing else', () => {
    // 2.88 − .90 − .18, and 1.536 − .192 − .048
    expect(row(facts, { kind: 'idle' })).toMatchObject({
      cpu_cost: '1.800000000',
      ram_cost: '1.296000000',
      total_cost: '3.096000000',
    });
  });
});

describe('OpenCost of 2024 and the exact mode differ', () => {
  it('D1: two pods that hold a volume for half of its life each pay half of it together', () => {
    const afternoon = { from: 12 * 60, to: dayMinutes };
    const series = [
      ...nodeV1('n1'),
      ...podSeries('am', { from: 0, to: 12 * 60, namespace: 'b' }),
      ...podSeries('pm', { ...afternoon, namespace: 'b' }),
      ...volumeSeries('v', 'data'),
      mount('am', 'data', 'v', { from: 0, to: 12 * 60 }),
      mount('pm', 'data', 'v', afternoon),
    ];
    const facts = allocateCompat({ window, series });
    // 10 · 12 · .0001 · .5 each; the whole is .024.
    expect([row(facts, { pod: 'am' }).pv_cost, row(facts, { pod: 'pm' }).pv_cost]).toEqual([
      '0.006000000',
      '0.006000000',
    ]);
  });

  it('D2: but a load balancer that selects a pod is charged once', () => {
    const selector = { __name__: 'service_selector_labels', namespace: 'a', service: 'edge', label_app: 'web' };
    const series = [
      ...nodeV1('n1'),
      ...podSeries('web', { ...allDay, labels: { app: 'web' } }),
      steady(selector, 1, allDay),
      balancer({ namespace: 'a' }),
    ];
    // .025 · (24 + 1/12)
    expect(row(allocateCompat({ window, series }), { pod: 'web' }).load_balancer_cost).toBe('0.602083333');
  });

  it('D4: an e2-small is half a core in the assets and two in the allocations, so idle is below zero', () => {
    const series = nodeV1('n1', allDay, 2).map((one) => ({
      ...one,
      labels: { ...one.labels, instance_type: 'e2-small' },
    }));
    const facts = allocateCompat({ window, series: [...series, ...podSeries('web', allDay)] });
    // .5 · 24 · .03 − 1 · 24 · .03
    expect(row(facts, { kind: 'idle' }).cpu_cost).toBe('-0.360000000');
  });

  it('D4: capacity under the names of kube-state-metrics v2 is not seen, so idle is below zero', () => {
    const facts = allocateCompat({ window, series: [...nodeSeries('n1', allDay), ...podSeries('web', allDay)] });
    expect(row(facts, { kind: 'idle' }).cpu_cost).toBe('-0.720000000');
  });

  it('D5: a price that doubles in mid-window is smeared over a pod that ran before it did', () => {
    const series = [
      steady({ __name__: 'node_cpu_hourly_cost', node: 'n1' }, (at) => (at < 30 ? 0.03 : 0.06), { from: 0, to: 59 }),
      steady({ __name__: 'kube_node_status_capacity', node: 'n1', resource: 'cpu' }, 4, { from: 0, to: 60 }),
      ...podSeries('early', { from: 0, to: 30 }),
    ];
    const compat = row(allocateCompat({ window: hour, series }), { pod: 'early' });
    // Half a core-hour at the mean of 30 × .03 and 30 × .06; in truth all of it was at .03.
    expect(compat.cpu_cost).toBe('0.022500000');
    expect(row(allocateHour({ window: hour, series }).allocations, { pod: 'early' }).cpu_cost).toBe('0.015000000');
  });

  it('D6: a pod that is replaced by one of its name is one pod that ran all the time', () => {
    const series = [
      ...nodeV1('n1'),
      ...podSeries('db-0', { from: 0, to: 6 * 60, uid: 'one' }),
      ...podSeries('db-0', { from: 18 * 60, to: dayMinutes, uid: 'two' }),
    ];
    const facts = allocateCompat({ window, series });
    expect(row(facts, { pod: 'db-0' })).toMatchObject({ cpu_core_hours: 24, cpu_cost: '0.720000000' });
    const exact = allocateHour({ window, series }).allocations.filter(({ pod }) => pod === 'db-0');
    expect(exact.map(({ cpu_cost }) => cpu_cost)).toEqual(['0.180000000', '0.180000000']);
  });

  it('counts a pod that one scrape saw for five minutes', () => {
    const series = [...nodeV1('n1'), ...podSeries('blip', { from: 10, to: 10 })];
    // Seen at :10 only (a sample is too old after five minutes): ±2.5 minutes.
    expect(row(allocateCompat({ window: hour, series }), { pod: 'blip' }).cpu_core_hours).toBeCloseTo(5 / 60, 12);
  });

  it('charges requests that are above the mean of the allocation', () => {
    const request = { __name__: 'kube_pod_container_resource_requests', namespace: 'a', pod: 'web', container: 'main' };
    const series = [
      ...nodeV1('n1'),
      ...podSeries('web', allDay),
      steady({ ...request, node: 'n1', resource: 'cpu', unit: 'core' }, 1.5, allDay),
    ];
    expect(row(allocateCompat({ window, series }), { pod: 'web' }).cpu_core_hours).toBe(36);
  });

  it('prices pods of a node without a price by OpenCost’s configuration', () => {
    const facts = allocateCompat({ window, series: podSeries('web', allDay) });
    // 24 × .031611, and 48 GiB-hours × .004237
    expect(row(facts, { pod: 'web' })).toMatchObject({ cpu_cost: '0.758664000', ram_cost: '0.203376000' });
  });

  it('extrapolates traffic to the edges as Prometheus does: 50 of 60 minutes counted are 51 charged', () => {
    const egress = {
      __name__: 'kubecost_pod_network_egress_bytes_total',
      namespace: 'a',
      pod_name: 'web',
      internet: 'true',
    };
    const series = [
      ...nodeV1('n1'),
      ...podSeries('web', { from: 0, to: 60 }),
      steady({ __name__: 'kubecost_network_internet_egress_cost' }, 0.12),
      steady(egress, (at) => 1000 * gib + at * gib, { from: 5, to: 55 }),
    ];
    // 50 GiB in 50 minutes; both edges are further away than a step, so half a step is added at each: 51 × .12.
    expect(row(allocateCompat({ window: hour, series }), { pod: 'web' }).network_cost).toBe('6.120000000');
  });

  it('leaves a volume that no claim has, and a claim that nothing mounts, to nobody', () => {
    const series = [
      ...volumeSeries('v1', 'data'),
      steady({ __name__: 'pv_hourly_cost', volumename: 'v2' }, 0.0002, allDay),
      steady({ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'v2' }, 5 * gib, allDay),
    ];
    const facts = allocateCompat({ window, series });
    // 10 · 24 · .0001 and 5 · 24 · .0002
    expect(row(facts, { asset_key: 'v1' })).toMatchObject({ namespace: 'b', pv_cost: '0.024000000' });
    expect(row(facts, { asset_key: 'v2' })).toMatchObject({ namespace: '', pod: '', pv_cost: '0.024000000' });
  });
});
