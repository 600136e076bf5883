import type { Series } from '../series';
import {
  gib,
  hour,
  minute,
  nodeSeries,
  podSeries,
  rowOf,
  startMs,
  steady,
  totalsOf,
  withGap,
} from '../testing/hour-series';
import { allocateHour, type AllocatedHour } from './hour-allocator';

const second = 1000;

function allocate(...series: readonly Series[][]): AllocatedHour {
  const allocated = allocateHour({ window: hour, series: series.flat() });
  expect(totalsOf(allocated.allocations)).toEqual(totalsOf(allocated.assets));
  return allocated;
}

const isAllocation = ({ labels }: Series): boolean => labels['__name__']?.startsWith('container_') === true;

/** What kube-state-metrics says of a pod whose containers nobody saw running. */
function objectSeries(pod: string, times: { startSecond: number; completionSecond?: number }): Series[] {
  const object = { namespace: 'a', pod, uid: `uid-${pod}` };
  const request = { ...object, __name__: 'kube_pod_container_resource_requests', container: 'main', node: 'n1' };
  const seen = { from: 21, to: 35 };
  const unixSeconds = (secondOfHour: number): number => startMs / 1000 + secondOfHour;
  const completion = { __name__: 'kube_pod_completion_time', ...object };
  return [
    steady({ ...request, resource: 'cpu', unit: 'core' }, 0.5, seen),
    steady({ ...request, resource: 'memory', unit: 'byte' }, gib, seen),
    steady({ __name__: 'kube_pod_container_status_running', ...object, container: 'main' }, 0, seen),
    steady({ __name__: 'kube_pod_start_time', ...object }, unixSeconds(times.startSecond), seen),
    ...(times.completionSecond === undefined ? [] : [steady(completion, unixSeconds(times.completionSecond), seen)]),
  ];
}

describe('a container', () => {
  it('that runs all hour is charged its allocation for 3600 s', () => {
    const web = rowOf(allocate(nodeSeries('n1'), podSeries('web')), { pod: 'web' });
    // 1 × .03 + 2 × .004
    expect(web).toMatchObject({
      kind: 'container',
      node: 'n1',
      provider_id: 'aws:///n1',
      pod_uid: 'uid-web',
      container: 'main',
      started_seconds: 0,
      ended_seconds: 3600,
      covered_seconds: 3600,
      cpu_core_hours: 1,
      ram_byte_hours: 2 * gib,
      cpu_cost: '0.030000000',
      ram_cost: '0.008000000',
      gpu_cost: null,
      pv_cost: null,
      network_cost: null,
      load_balancer_cost: null,
      management_cost: null,
      total_cost: '0.038000000',
      flags: [],
    });
  });

  it('is charged each level of its allocation for as long as it holds', () => {
    const web = podSeries('web', { cores: (at) => (at < 15 ? 1 : 3) });
    // 1 × 15/60 + 3 × 45/60 = 2.5
    expect(rowOf(allocate(nodeSeries('n1'), web), { pod: 'web' })).toMatchObject({
      cpu_core_hours: 2.5,
      cpu_cost: '0.075000000',
    });
  });

  it('pays its node each price from the moment it changes', () => {
    const [, ...others] = nodeSeries('n1');
    const dearer = steady({ __name__: 'node_cpu_hourly_cost', node: 'n1' }, (at) => (at < 15 ? 0.03 : 0.06));
    // 2 cores to :15 and 1 after: 2 × 15/60 × .03 + 1 × 45/60 × .06 = .015 + .045
    const web = podSeries('web', { cores: (at) => (at < 15 ? 2 : 1) });
    expect(rowOf(allocate([dearer, ...others], web), { pod: 'web' })).toMatchObject({
      cpu_core_hours: 1.25,
      cpu_cost: '0.060000000',
    });
  });

  it('runs from its first to its last sample', () => {
    const web = podSeries('web', { from: 20, to: 50 });
    // 30 minutes: .015 + .004
    expect(rowOf(allocate(nodeSeries('n1'), web), { pod: 'web' })).toMatchObject({
      started_seconds: 1200,
      ended_seconds: 3000,
      covered_seconds: 1800,
      total_cost: '0.019000000',
    });
  });

  it('runs from the start of its pod, not from the first scrape after it', () => {
    const started = { __name__: 'kube_pod_start_time', namespace: 'a', pod: 'web', uid: 'uid-web' };
    const web = podSeries('web', { from: 20 });
    const at = startMs / second + 20 * 60 - 36;
    // 36 s before :20: 2436 s × (.03 + .008)/3600 = .0203 + .005413333…
    const row = rowOf(allocate(nodeSeries('n1'), web, [steady(started, at, { from: 20 })]), { pod: 'web' });
    expect(row).toMatchObject({ started_seconds: 1164, covered_seconds: 2436, cpu_cost: '0.020300000' });
    expect(row.ram_cost).toBe('0.005413333');
  });

  it('that starts in the last minutes of the hour is charged what its first scrape found, be that the only one that is read', () => {
    const [from, to] = [62, 62];
    const object = { namespace: 'a', pod: 'web', uid: 'uid-web' };
    const request = { ...object, __name__: 'kube_pod_container_resource_requests', container: 'main', node: 'n1' };
    const started = [
      steady({ __name__: 'kube_pod_start_time', ...object }, startMs / second + 58 * 60, { from, to }),
      steady({ ...request, resource: 'cpu', unit: 'core' }, 0.5, { from, to }),
    ];
    const web = podSeries('web', { from, to, cores: 3 });
    // From :58 to the end of the hour: 3 × 2/60 × .03; memory is not requested: 2 × 2/60 × .004
    const row = rowOf(allocate(nodeSeries('n1'), web, started), { pod: 'web' });
    expect(row).toMatchObject({ started_seconds: 3480, covered_seconds: 120, cpu_cost: '0.003000000' });
    expect(row.ram_cost).toBe('0.000266667');
  });

  it('ran for the 40 seconds between its start and completion, though no scrape saw it run', () => {
    // 40 s of .5 cores and 1 GiB: .5 × .03 × 40/3600 = .000166666…; .004 × 40/3600 = .000044444…
    const job = objectSeries('job', { startSecond: 1207, completionSecond: 1247 });
    expect(rowOf(allocate(nodeSeries('n1'), job), { pod: 'job' })).toMatchObject({
      started_seconds: 1207,
      ended_seconds: 1247,
      covered_seconds: 40,
      cpu_cost: '0.000166667',
      ram_cost: '0.000044444',
      flags: ['allocation-derived'],
    });
  });

  it('that never came to run, though its pod has started, is not charged', () => {
    const waiting = objectSeries('waiting', { startSecond: 1207 });
    expect(allocate(nodeSeries('n1'), waiting).allocations.map(({ kind }) => kind)).toEqual(['idle']);
  });

  it('ends at its completion, before the scrape that finds it ended', () => {
    const web = podSeries('web', { to: 30 });
    const completed = { __name__: 'kube_pod_completion_time', namespace: 'a', pod: 'web', uid: 'uid-web' };
    const at = startMs / second + 30 * 60 + 24;
    const series = allocate(nodeSeries('n1'), web, [steady(completed, at, { from: 31 })]);
    // 1824 s × .03/3600 = .0152
    expect(rowOf(series, { pod: 'web' })).toMatchObject({ covered_seconds: 1824, cpu_cost: '0.015200000' });
  });

  it('that stops in between is charged for what it ran', () => {
    const web = podSeries('web').map((series) =>
      series.labels['__name__'] === 'kube_pod_container_status_running'
        ? { ...series, values: series.values.map((_, index) => (index >= 25 && index < 40 ? 0 : 1)) }
        : series,
    );
    // Stopped from minute 20 to minute 35: 45 minutes.
    expect(rowOf(allocate(nodeSeries('n1'), web), { pod: 'web' })).toMatchObject({
      covered_seconds: 2700,
      ended_seconds: 3600,
      cpu_cost: '0.022500000',
    });
  });
});

describe('a gap', () => {
  const gapped = (series: Series[], to: number): Series[] => series.map((one) => withGap(one, 20, to));

  it('of 5 minutes is bridged without a word', () => {
    const web = gapped(podSeries('web'), 25);
    const row = rowOf(allocate(nodeSeries('n1'), web), { pod: 'web' });
    expect(row).toMatchObject({ covered_seconds: 3600, total_cost: '0.038000000', flags: [] });
  });

  it('of 20 minutes in what is known of a pod is an estimate, when the pod has a uid', () => {
    const web = gapped(podSeries('web'), 40);
    const allocated = allocate(nodeSeries('n1'), web);
    // The node was priced all the time: the whole hour is charged.
    expect(rowOf(allocated, { pod: 'web' })).toMatchObject({
      covered_seconds: 3600,
      total_cost: '0.038000000',
      flags: ['estimated'],
    });
    expect(allocated.flags).toContain('estimated');
  });

  it('of 20 minutes is not charged, when no uid says that it is still the same pod', () => {
    const web = gapped(podSeries('web'), 40).map(({ labels: { uid: _uid, ...labels }, ...samples }) => ({
      labels,
      ...samples,
    }));
    // 40 minutes of .038
    expect(rowOf(allocate(nodeSeries('n1'), web), { pod: 'web' })).toMatchObject({
      pod_uid: '',
      covered_seconds: 2400,
      total_cost: '0.025333333',
      flags: [],
    });
  });

  it('of 20 minutes in every scrape charges nobody: the node was not charged either', () => {
    const allocated = allocate(gapped(nodeSeries('n1'), 40), gapped(podSeries('web'), 40));
    // 40 minutes of .03 and .008, each rounded
    expect(rowOf(allocated, { pod: 'web' })).toMatchObject({
      covered_seconds: 3600,
      cpu_core_hours: 0.666666667,
      cpu_cost: '0.020000000',
      ram_cost: '0.005333333',
      flags: ['estimated'],
    });
    // 40 minutes of 3 cores and 14 GiB
    expect(rowOf(allocated, { kind: 'idle' })).toMatchObject({ cpu_cost: '0.060000000', ram_cost: '0.037333334' });
  });

  it('of 20 minutes in the allocation only is filled by request and usage', () => {
    const place = { namespace: 'a', pod: 'web', container: 'main' };
    const request = { __name__: 'kube_pod_container_resource_requests', ...place, uid: 'uid-web', resource: 'cpu' };
    const counter = { __name__: 'container_cpu_usage_seconds_total', ...place, id: '/x' };
    const web = podSeries('web').map((one) => (isAllocation(one) ? withGap(one, 20, 40) : one));
    // 1.5 cores in use to :30, which is more than the request of 1.2; .3 after it, which is less.
    const used = (at: number): number => (at < 30 ? at * 90 : 2700 + (at - 30) * 18) + 450;
    const row = rowOf(allocate(nodeSeries('n1'), web, [steady(request, 1.2), steady(counter, used)]), { pod: 'web' });
    // 40 minutes at 1, 10 at 1.5, 10 at 1.2: (40 + 15 + 12)/60
    expect(row).toMatchObject({ cpu_core_hours: 1.116666667, cpu_cost: '0.033500000', cpu_core_usage_max: 1.5 });
    // 30 minutes at 1.5 and 30 at .3
    expect(row.cpu_core_usage_hours).toBe(0.9);
  });
});

describe('a name that is used again', () => {
  it('with another uid is two rows, each with what was measured in its time, on its node', () => {
    const first = podSeries('db-0', { uid: 'uid-1', node: 'n1', to: 20, cores: 1 });
    const second_ = podSeries('db-0', { uid: 'uid-2', node: 'n2', from: 30, cores: 2 });
    const allocated = allocate(nodeSeries('n1'), nodeSeries('n2'), first, second_);
    // 20 minutes at 1 core, 30 minutes at 2
    expect(rowOf(allocated, { pod_uid: 'uid-1' })).toMatchObject({
      node: 'n1',
      covered_seconds: 1200,
      cpu_cost: '0.010000000',
    });
    expect(rowOf(allocated, { pod_uid: 'uid-2' })).toMatchObject({
      node: 'n2',
      started_seconds: 1800,
      cpu_cost: '0.030000000',
    });
  });

  it('did not run between two lives, though what measured it carries no uid', () => {
    const measured = podSeries('db-0')
      .filter(({ labels }) => labels['__name__'] !== 'kube_pod_info' && labels['__name__'] !== 'kube_pod_labels')
      .map(({ labels: { uid: _uid, ...labels }, ...samples }) => withGap({ labels, ...samples }, 20, 30));
    const info = (uid: string, minutes: { from?: number; to?: number }): Series =>
      steady({ __name__: 'kube_pod_info', namespace: 'a', pod: 'db-0', uid, node: 'n1' }, 1, minutes);
    const allocated = allocate(nodeSeries('n1'), measured, [info('uid-1', { to: 20 }), info('uid-2', { from: 30 })]);
    expect(rowOf(allocated, { pod_uid: 'uid-1' })).toMatchObject({ covered_seconds: 1200, flags: [] });
    expect(rowOf(allocated, { pod_uid: 'uid-2' })).toMatchObject({ started_seconds: 1800, covered_seconds: 1800 });
  });

  it('divides one series without uid by time', () => {
    const uidless = { namespace: 'a', pod: 'db-0', container: 'main', node: 'n1' };
    const lives = [podSeries('db-0', { uid: 'uid-1', to: 20 }), podSeries('db-0', { uid: 'uid-2', from: 21 })];
    const objects = lives.flat().filter((one) => !isAllocation(one));
    const allocation = steady({ __name__: 'container_cpu_allocation', ...uidless }, (at) => (at <= 20 ? 1 : 2));
    const allocated = allocate(nodeSeries('n1'), objects, [allocation]);
    // 20 minutes at 1 and 39 at 2; the minute between them nobody is known to have run
    expect(rowOf(allocated, { pod_uid: 'uid-1' }).cpu_cost).toBe('0.010000000');
    expect(rowOf(allocated, { pod_uid: 'uid-2' }).cpu_cost).toBe('0.039000000');
  });
});

describe('two exporters of one thing', () => {
  it('are one thing: kube-state-metrics and OpenCost, with and without uid, v1 and v2 names', () => {
    const place = { namespace: 'a', pod: 'web', container: 'main' };
    const objects = podSeries('web').filter((one) => !isAllocation(one));
    const requests = [
      steady({ __name__: 'kube_pod_container_resource_requests', ...place, uid: 'uid-web', resource: 'cpu' }, 0.5),
      steady({ __name__: 'kube_pod_container_resource_requests', ...place, resource: 'cpu', job: 'kubecost' }, 0.5),
      steady({ __name__: 'kube_pod_container_resource_requests_cpu_cores', ...place }, 0.5),
      steady({ __name__: 'kube_pod_container_resource_requests_memory_bytes', ...place, node: 'n1' }, gib),
    ];
    const copies = [...objects, ...requests].map(({ labels, timestampsMs, values }) => ({
      labels: { ...labels, job: 'opencost', instance: 'other' },
      timestampsMs: timestampsMs.map((ms) => ms + 17 * second),
      values,
    }));
    const allocated = allocate(nodeSeries('n1'), objects, requests, copies);
    // .5 × .03 + 1 × .004
    expect(rowOf(allocated, { kind: 'container' })).toMatchObject({
      pod_uid: 'uid-web',
      covered_seconds: 3600,
      cpu_core_request_hours: 0.5,
      cpu_cost: '0.015000000',
      ram_cost: '0.004000000',
      flags: ['allocation-derived'],
    });
  });
});

describe('the node of a pod', () => {
  const withoutNode = (series: Series[]): Series[] =>
    series.map(({ labels: { node: _node, ...labels }, ...samples }) => ({ labels, ...samples }));
  const isInfo = ({ labels }: Series): boolean => labels['__name__'] === 'kube_pod_info';

  it('is that of its object, where allocations do not name it', () => {
    const web = podSeries('web');
    const series = [...web.filter(isInfo), ...withoutNode(web.filter((one) => !isInfo(one)))];
    expect(rowOf(allocate(nodeSeries('n1'), series), { pod: 'web' })).toMatchObject({
      node: 'n1',
      total_cost: '0.038000000',
    });
  });

  it('is the instance that measures it, where nothing else tells', () => {
    const web = withoutNode(podSeries('web')).map((one) =>
      isAllocation(one) ? { ...one, labels: { ...one.labels, instance: 'n1' } } : one,
    );
    expect(rowOf(allocate(nodeSeries('n1'), web), { pod: 'web' }).node).toBe('n1');
  });

  it('can be unknown: then its cost is, and the money stays idle', () => {
    const allocated = allocate(nodeSeries('n1'), withoutNode(podSeries('web')));
    expect(rowOf(allocated, { pod: 'web' })).toMatchObject({
      node: '',
      cpu_core_hours: 1,
      cpu_cost: null,
      total_cost: '0.000000000',
      flags: ['node-unknown'],
    });
    expect(rowOf(allocated, { kind: 'idle' }).total_cost).toBe('0.184000000');
  });

  it('that is replaced is charged as long as it is there, and its pods with it', () => {
    const old = { to: 30 };
    const fresh = { from: 30 };
    const allocated = allocate(
      nodeSeries('n1', old),
      nodeSeries('n2', fresh),
      podSeries('web-1', { ...old, node: 'n1' }),
      podSeries('web-2', { ...fresh, node: 'n2' }),
    );
    // Half an hour of .038 and of .184 − .038, on each
    for (const [pod, node] of [
      ['web-1', 'n1'],
      ['web-2', 'n2'],
    ] as const) {
      expect(rowOf(allocated, { pod })).toMatchObject({ node, total_cost: '0.019000000' });
      expect(rowOf(allocated, { kind: 'idle', node }).total_cost).toBe('0.073000000');
    }
  });
});

describe('usage', () => {
  it('of a counter that begins again is counted on', () => {
    const counter = { __name__: 'container_cpu_usage_seconds_total', namespace: 'a', pod: 'web', container: 'main' };
    // .5 cores: 30 s a minute. It restarts right after minute 30.
    const used = steady(counter, (at) => (at <= 30 ? 1000 + at * 30 : (at - 30) * 30));
    const row = rowOf(allocate(nodeSeries('n1'), podSeries('web'), [used]), { pod: 'web' });
    expect(row).toMatchObject({ cpu_core_usage_hours: 0.5, cpu_core_usage_max: 0.5 });
  });

  it('of a restarted container, another series, is counted on', () => {
    const counter = { __name__: 'container_cpu_usage_seconds_total', namespace: 'a', pod: 'web', container: 'main' };
    const first = steady({ ...counter, id: '/1' }, (at) => 1000 + at * 30, { to: 29 });
    const next = steady({ ...counter, id: '/2' }, (at) => (at - 30) * 60, { from: 30 });
    const row = rowOf(allocate(nodeSeries('n1'), podSeries('web'), [next, first]), { pod: 'web' });
    // 29 minutes at .5 and 30 at 1
    expect(row).toMatchObject({ cpu_core_usage_hours: 0.741666667, cpu_core_usage_max: 1 });
  });

  it('without any request or allocation is what is charged', () => {
    const place = { namespace: 'a', pod: 'web', container: 'main' };
    const objects = podSeries('web').filter((one) => !isAllocation(one));
    const used = steady({ __name__: 'container_cpu_usage_seconds_total', ...place }, (at) => 1000 + at * 15);
    const resident = steady(
      { __name__: 'container_memory_working_set_bytes', ...place },
      (at) => (at < 30 ? 1 : 3) * gib,
    );
    const row = rowOf(allocate(nodeSeries('n1'), objects, [used, resident]), { pod: 'web' });
    // .25 × .03; 2 GiB-hours × .004
    expect(row).toMatchObject({
      cpu_core_request_hours: null,
      cpu_cost: '0.007500000',
      ram_byte_usage_hours: 2 * gib,
      ram_byte_usage_max: 3 * gib,
      ram_cost: '0.008000000',
    });
  });

  it('of GPUs is told, but the request is charged', () => {
    const place = { namespace: 'a', pod: 'train', container: 'main' };
    const [name, price] = ['node_gpu_count', 'node_gpu_hourly_cost'] as const;
    const gpus = [steady({ __name__: name, node: 'n1' }, 4), steady({ __name__: price, node: 'n1' }, 2.5)];
    const asked = steady(
      { __name__: 'kube_pod_container_resource_requests', ...place, uid: 'uid-train', resource: 'nvidia_com_gpu' },
      2,
    );
    const busy = ['GPU-1', 'GPU-2'].map((UUID) =>
      steady({ __name__: 'DCGM_FI_PROF_GR_ENGINE_ACTIVE', ...place, UUID }, 0.25),
    );
    const allocated = allocate(nodeSeries('n1'), gpus, podSeries('train'), [asked, ...busy]);
    expect(rowOf(allocated, { pod: 'train' })).toMatchObject({
      gpu_hours: 2,
      gpu_usage_hours: 0.5,
      gpu_cost: '5.000000000',
    });
    expect(rowOf(allocated, { kind: 'idle' })).toMatchObject({ gpu_hours: 2, gpu_cost: '5.000000000' });
  });
});

describe('minutes', () => {
  it('off the whole minute make no difference to a pod that stays', () => {
    const shifted = [...nodeSeries('n1'), ...podSeries('web')].map((one) => ({
      ...one,
      timestampsMs: one.timestampsMs.map((ms) => ms + minute / 3),
    }));
    expect(rowOf(allocate(shifted), { pod: 'web' })).toMatchObject({
      covered_seconds: 3600,
      total_cost: '0.038000000',
    });
  });
});
