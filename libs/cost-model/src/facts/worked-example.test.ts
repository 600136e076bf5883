import type { AllocationFact } from '../allocation-fact';
import { gib, minute, podSeries, rowOf, startMs, steady, nodeSeries, totalsOf } from '../testing/hour-series';
import { allocateHour } from './hour-allocator';

const dayMinutes = 24 * 60;
const window = { startMs, endMs: startMs + dayMinutes * minute };
const allDay = { from: -5, to: dayMinutes + 5 };
/** 06:00 to 18:00 of the window; the last sample is at 18:00, and does not extend. */
const halfDay = { from: 6 * 60, to: 18 * 60 };

const volume = 'pvc-1';
const series = [
  ...nodeSeries('n1', allDay),
  // 18 hours at 1 core and 6 at 2: 30 core-hours, 1.25 on average.
  ...podSeries('web', { ...allDay, namespace: 'a', cores: (at) => (at >= 60 && at < 7 * 60 ? 2 : 1), bytes: 2 * gib }),
  ...podSeries('job', { ...halfDay, namespace: 'b', cores: 0.5, bytes: gib }),
  steady({ __name__: 'pv_hourly_cost', volumename: volume }, 0.0001, allDay),
  steady({ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: volume }, 10 * gib, allDay),
  steady(
    { __name__: 'kube_persistentvolumeclaim_info', namespace: 'b', persistentvolumeclaim: 'data', volumename: volume },
    1,
    allDay,
  ),
  steady(
    {
      __name__: 'pod_pvc_allocation',
      namespace: 'b',
      pod: 'job',
      persistentvolumeclaim: 'data',
      persistentvolume: volume,
    },
    10 * gib,
    halfDay,
  ),
  steady(
    { __name__: 'kubecost_load_balancer_cost', namespace: 'c', service_name: 'edge', ingress_ip: '1.2.3.4' },
    0.025,
    allDay,
  ),
];

describe('the worked example: one node for a day', () => {
  const day = allocateHour({ window, series });
  const row = (where: Partial<AllocationFact>): AllocationFact => rowOf(day, where);

  it('web is charged 30 core-hours and 48 GiB-hours', () => {
    // 30 × .03 = .90; 2 × 24 × .004 = .192
    expect(row({ pod: 'web' })).toMatchObject({
      cpu_core_hours: 30,
      ram_byte_hours: 48 * gib,
      cpu_cost: '0.900000000',
      ram_cost: '0.192000000',
      total_cost: '1.092000000',
      flags: [],
    });
  });

  it('job is charged 6 core-hours, 12 GiB-hours and its volume for the half day that it mounts it', () => {
    // 12 × .5 × .03 = .18; 12 × .004 = .048; 10 × 12 × .0001 = .012
    expect(row({ pod: 'job' })).toMatchObject({
      started_seconds: 21_600,
      ended_seconds: 64_800,
      covered_seconds: 43_200,
      cpu_cost: '0.180000000',
      ram_cost: '0.048000000',
      pv_byte_hours: 120 * gib,
      volumes: [{ volume, claim: 'data', byte_hours: 120 * gib, cost: '0.012000000' }],
      pv_cost: '0.012000000',
      total_cost: '0.240000000',
    });
  });

  it('the other half of the volume is unmounted, in the namespace of its claim', () => {
    expect(row({ kind: 'unattributed', asset_type: 'disk' })).toMatchObject({
      asset_key: volume,
      namespace: 'b',
      pv_byte_hours: 120 * gib,
      pv_cost: '0.012000000',
      total_cost: '0.012000000',
    });
  });

  it('the load balancer that selects nothing is there once, for exactly 24 hours', () => {
    // .025 × 24 = .60
    expect(row({ kind: 'unattributed', asset_type: 'load_balancer' })).toMatchObject({
      namespace: 'c',
      services: ['edge'],
      load_balancer_hours: 24,
      total_cost: '0.600000000',
    });
  });

  it('idle is 1.80 of cores and 1.296 of memory', () => {
    // 2.88 − 1.08 = 1.80; 1.536 − .24 = 1.296. 96 − 36 core-hours, 384 − 60 GiB-hours.
    expect(row({ kind: 'idle' })).toMatchObject({
      node: 'n1',
      cpu_core_hours: 60,
      ram_byte_hours: 324 * gib,
      cpu_cost: '1.800000000',
      ram_cost: '1.296000000',
      total_cost: '3.096000000',
      flags: [],
    });
  });

  it('all of it adds up to the assets: 4.416 + .024 + .60', () => {
    expect(totalsOf(day.allocations)).toEqual(totalsOf(day.assets));
    expect(totalsOf(day.allocations)['total_cost']).toBe(5_040_000_000n);
    expect(day.allocations).toHaveLength(5);
  });
});
