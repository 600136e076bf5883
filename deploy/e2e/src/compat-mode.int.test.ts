import { openCostAllocationResponseSchema } from '@cloudtuner/cost-model';
import { createRemoteWriteClient } from '@cloudtuner/remote-write';
import { backfill, dayMs, floorTo, hourMs, minuteMs, startPlatform, type Platform, type Tenant } from './platform';

const startDeadlineMs = 300_000;
const gib = 2 ** 30;
const dayMinutes = 24 * 60;
const allDay = [-5, dayMinutes + 5] as const;
const halfDay = [6 * 60, 18 * 60] as const;

type Labels = Readonly<Record<string, string>>;
interface Steady {
  readonly labels: Labels;
  readonly value: number;
  /** First and last minute of the day with a sample. */
  readonly minutes: readonly [number, number];
}
const steady = (name: string, labels: Labels, value: number, minutes: readonly [number, number] = allDay): Steady => ({
  labels: { __name__: name, ...labels },
  value,
  minutes,
});

function podSeries(
  place: { readonly namespace: string; readonly pod: string },
  allocated: { readonly cores: number; readonly bytes: number },
  minutes: readonly [number, number],
): Steady[] {
  const container = { ...place, container: 'main' };
  const uid = `uid-${place.pod}`;
  return [
    steady('kube_pod_info', { ...place, uid, node: 'n1' }, 1, minutes),
    steady('kube_pod_container_status_running', { ...container, uid }, 1, minutes),
    steady('container_cpu_allocation', { ...container, node: 'n1' }, allocated.cores, minutes),
    steady('container_memory_allocation_bytes', { ...container, node: 'n1' }, allocated.bytes, minutes),
  ];
}

/**
 * A day of one node with 4 cores at .03 and 16 GiB at .004; a/web all day on 1.25 cores and 2 GiB; b/job from 6 to 18 o'clock on half a core
 * and 1 GiB, with 10 GiB of a volume at .0001 that is there all day; a load balancer at .025 whose Service selects nothing.
 */
const volume = { persistentvolume: 'pvc-1' };
const claim = { namespace: 'b', persistentvolumeclaim: 'data' };
const node = { node: 'n1', instance: 'n1', provider_id: 'aws:///n1' };
const example: readonly Steady[] = [
  steady('node_cpu_hourly_cost', node, 0.03),
  steady('node_ram_hourly_cost', node, 0.004),
  steady('kube_node_status_capacity', { node: 'n1', resource: 'cpu', unit: 'core' }, 4),
  steady('kube_node_status_capacity', { node: 'n1', resource: 'memory', unit: 'byte' }, 16 * gib),
  steady('kube_node_status_capacity_cpu_cores', { node: 'n1' }, 4),
  steady('kube_node_status_capacity_memory_bytes', { node: 'n1' }, 16 * gib),
  ...podSeries({ namespace: 'a', pod: 'web' }, { cores: 1.25, bytes: 2 * gib }, allDay),
  ...podSeries({ namespace: 'b', pod: 'job' }, { cores: 0.5, bytes: gib }, halfDay),
  steady('pv_hourly_cost', { volumename: 'pvc-1' }, 0.0001),
  steady('kube_persistentvolume_capacity_bytes', volume, 10 * gib),
  steady('kube_persistentvolumeclaim_info', { ...claim, volumename: 'pvc-1' }, 1),
  steady('pod_pvc_allocation', { ...claim, ...volume, pod: 'job' }, 10 * gib, halfDay),
  steady('kubecost_load_balancer_cost', { namespace: 'c', service_name: 'edge', ingress_ip: '1.2.3.4' }, 0.025),
];

/** A day as OpenCost computes it and as it was, asked for in one API: samples → gateway → store → metroculus → restapi. */
describe('OpenCost’s arithmetic beside ours', () => {
  let platform: Platform;
  let tenant: Tenant;
  const startMs = floorTo(dayMs, Date.now()) - 2 * dayMs;

  beforeAll(async () => {
    platform = await startPlatform('prometheus');
    tenant = await platform.createTenant('compat', 'shop');
    const { write_username: username, write_password: password } = tenant.account;
    const url = `${platform.services.diproxy.url}/storage/api/v2/write`;
    const writer = createRemoteWriteClient({ url, username, password, accountId: username });
    // In order of time, as a sender would.
    for (let from = -60; from <= dayMinutes + 5; from += 60) {
      const timeseries = example.flatMap(({ labels, value, minutes: [first, last] }) => {
        const [low, high] = [Math.max(first, from), Math.min(last, from + 59)];
        const count = Math.max(0, high - low + 1);
        const samples = Array.from({ length: count }, (_none, index) => ({
          timestampMs: startMs + (low + index) * minuteMs,
          value,
        }));
        const named = Object.entries(labels).map(([name, text]) => ({ name, value: text }));
        return count === 0 ? [] : [{ labels: named.sort((a, b) => (a.name < b.name ? -1 : 1)), samples }];
      });
      if (timeseries.length > 0) await writer.push({ timeseries });
    }
    await writer.close();
    await backfill(tenant, startMs, startMs + dayMs);
  }, startDeadlineMs);
  afterAll(() => platform.stop(), startDeadlineMs);

  const get = async (path: string, query: Readonly<Record<string, string>>) => {
    const answer = await fetch(`${platform.services.restapi.url}${path}?${new URLSearchParams(query).toString()}`, {
      headers: { Authorization: `Bearer ${tenant.token}` },
    });
    return { status: answer.status, body: await answer.json() };
  };
  const window = `${String(startMs / 1000)},${String((startMs + dayMs) / 1000)}`;
  const rowsOf = async (mode: 'exact' | 'compat', query: Readonly<Record<string, string>> = {}) => {
    const asked = { window, aggregate: 'pod', includeIdle: 'true', mode, ...query };
    const { status, body } = await get('/model/allocation/compute', asked);
    expect([status, body]).toEqual([200, body]);
    const [set = {}] = openCostAllocationResponseSchema.parse(body).data;
    return set;
  };

  it.each(['exact', 'compat'] as const)('%s: web, job and what is idle', async (mode) => {
    const rows = await rowsOf(mode);
    // 24 × 1.25 × .03 and 24 × 2 × .004; 12 × .5 × .03 and 12 × 1 × .004; 2.88 − 1.08 and 1.536 − .24.
    expect(rows['web']).toMatchObject({ cpuCoreHours: 30, cpuCost: 0.9, ramCost: 0.192, totalCost: 1.092 });
    expect(rows['job']).toMatchObject({ cpuCoreHours: 6, cpuCost: 0.18, ramCost: 0.048 });
    expect(rows['__idle__']).toMatchObject({ cpuCost: 1.8, ramCost: 1.296 });
  });

  it.each(['exact', 'compat'] as const)('%s: what is idle, shared by what was used', async (mode) => {
    const { web, job } = await rowsOf(mode, { shareIdle: 'true' });
    // 1.80 · .90 ÷ 1.08 = 1.50 and 1.296 · .192 ÷ .24 = 1.0368 to web; .30 and .2592 to job.
    expect([web?.cpuCost, web?.ramCost]).toEqual([2.4, 1.2288]);
    expect([job?.cpuCost, job?.ramCost]).toEqual([0.48, 0.3072]);
  });

  it('D1: half a day of a volume is half of it, and a quarter in compat, where a part is lost', async () => {
    const [exact, compat] = [await rowsOf('exact'), await rowsOf('compat')];
    // 10 · 24 · .0001 = .024
    expect([exact['job']?.pvCost, compat['job']?.pvCost]).toEqual([0.012, 0.006]);
    const unmounted = (rows: typeof exact): number =>
      Object.entries(rows).reduce((sum, [name, row]) => (name === 'job' ? sum : sum + (row.pvCost ?? 0)), 0);
    expect([unmounted(exact), unmounted(compat)]).toEqual([0.012, 0.012]);
    expect(compat['b-unmounted-pvcs']?.pvCost).toBe(0.012);
  });

  it('D2 and D8: a load balancer that selects nothing counts once, and twice in compat, rounded to five decimals', async () => {
    const balancer = (rows: Awaited<ReturnType<typeof rowsOf>>): number =>
      Object.values(rows).reduce((sum, row) => sum + (row.loadBalancerCost ?? 0), 0);
    // .025 · 24, and .025 · (24 + 1/12) · 2 = 1.2041666…
    expect(balancer(await rowsOf('exact'))).toBeCloseTo(0.6, 9);
    expect(balancer(await rowsOf('compat'))).toBe(1.20417);
  });

  it('D3: everything is in some row, while in compat the rows are not what the assets cost', async () => {
    const totalOf = (rows: Awaited<ReturnType<typeof rowsOf>>): number =>
      Object.values(rows).reduce((sum, { totalCost }) => sum + (totalCost ?? 0), 0);
    // 4.416 + .024 + .60; in compat .006 less and .60417 more.
    expect(totalOf(await rowsOf('exact'))).toBeCloseTo(5.04, 9);
    expect(totalOf(await rowsOf('compat'))).toBeCloseTo(5.63817, 5);
  });

  it('is the same in Kubecost’s route, and exact where no mode is asked for', async () => {
    const query = { window, aggregate: 'pod' };
    const set = async (path: string, more: Readonly<Record<string, string>>) =>
      openCostAllocationResponseSchema.parse((await get(path, { ...query, ...more })).body).data[0];
    expect(await set('/model/allocation', { mode: 'compat' })).toEqual(await rowsOf('compat'));
    expect(await set('/model/allocation', {})).toEqual(await rowsOf('exact'));
  });

  it('is computed for a day at most, and for no other mode', async () => {
    const end = startMs + dayMs + hourMs;
    const longer = `${String(startMs / 1000)},${String(end / 1000)}`;
    expect(await get('/model/allocation/compute', { window: longer, mode: 'compat' })).toMatchObject({
      status: 422,
      body: { code: 422, message: expect.stringContaining('at most 24 hours') as string },
    });
    expect((await get('/model/allocation/compute', { window, mode: 'opencost' })).status).toBe(400);
  });
});
