import { randomUUID } from 'node:crypto';
import { openCostAllocationResponseSchema, openCostSummaryResponseSchema } from '@cloudtuner/cost-model';
import { sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { createOrganization, type TestOrganization } from './testing/restapi-harness';
import { containerFact, storeAllocationHours } from './testing/stored-allocations';
import { startTestWorld, type TestWorld } from './testing/test-world';

const hourSeconds = 3600;
const yesterday = Date.parse('2026-03-09T00:00:00Z') / 1000;
const nowSeconds = yesterday + 34.5 * hourSeconds;
const gib = 1024 ** 3;

let world: TestWorld;
let organization: TestOrganization;

/**
 * A node of 4 cores and 16 GiB at 0.03 and 0.004: 0.12 + 0.064 an hour, 4.416 a day. a/web runs all day on 1.25 cores and 2 GiB: 0.9 + 0.192.
 * b/job runs from 6 to 18 on 0.5 cores and 1 GiB: 0.18 + 0.048, and mounts 10 GiB at 0.0001: 0.012; when it does not run they are unmounted:
 * 0.012. What is left is idle: 1.8 + 1.296.
 */
function factsOf(hour: number) {
  const isRunning = hour >= 6 && hour < 18;
  const web = {
    namespace: 'a',
    pod: 'web',
    controller_kind: 'deployment',
    controller: 'web',
    labels: { app: 'web' },
    cpu_core_hours: 1.25,
    cpu_core_request_hours: 1,
    cpu_core_usage_hours: 0.5,
    ram_byte_hours: 2 * gib,
    ram_byte_request_hours: 2 * gib,
    ram_byte_usage_hours: gib,
    cpu_cost: '0.037500000',
    ram_cost: '0.008000000',
  };
  const job = {
    namespace: 'b',
    pod: 'job',
    controller_kind: 'job',
    controller: 'job',
    cpu_core_hours: 0.5,
    cpu_core_request_hours: 0.5,
    ram_byte_hours: gib,
    cpu_cost: '0.015000000',
    ram_cost: '0.004000000',
    pv_byte_hours: 10 * gib,
    pv_cost: '0.001000000',
  };
  const unused = { kind: 'unattributed', asset_type: 'disk', asset_key: 'pv', namespace: 'b' } as const;
  const idle = { kind: 'idle', asset_type: 'node', asset_key: 'n1' } as const;
  const nothing = { pod: '', container: '' };
  return [
    containerFact(web),
    isRunning
      ? containerFact(job)
      : containerFact({ ...unused, ...nothing, node: '', pv_byte_hours: 10 * gib, pv_cost: '0.001000000' }),
    containerFact({
      ...idle,
      ...nothing,
      cpu_cost: isRunning ? '0.067500000' : '0.082500000',
      ram_cost: isRunning ? '0.052000000' : '0.056000000',
    }),
  ];
}

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: nowSeconds * 1000 });
  organization = await createOrganization(world.harness, randomUUID());
  const { id } = await world.harness.client(organization.owner.token).createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: 'shop', type: 'kubernetes_cnr' },
  });
  const hours = Array.from({ length: 24 }, (_, index) => index);
  await storeAllocationHours(
    world.clickhouse,
    id,
    hours.map((hour) => ({
      hour: yesterday + hour * hourSeconds,
      version: `v${String(hour)}`,
      facts: factsOf(hour),
    })),
  );
  await someoneElse();
}, 120_000);
afterAll(() => world.stop());

/** Another tenant with a cluster of the same name and a pod that must not be seen. */
async function someoneElse(): Promise<void> {
  const other = await createOrganization(world.harness, randomUUID());
  const { id } = await world.harness.client(other.owner.token).createCloudAccount({
    params: { organization_id: other.id },
    body: { name: 'shop', type: 'kubernetes_cnr' },
  });
  await storeAllocationHours(world.clickhouse, id, [
    { hour: yesterday, version: 'v0', facts: [containerFact({ namespace: 'theirs', cpu_cost: '1000.000000000' })] },
  ]);
}

async function get(path: string, token: string | null = organization.owner.token) {
  const response = await fetch(`${world.harness.url}${path}`, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  const body: unknown = await response.json();
  return { status: response.status, type: response.headers.get('content-type') ?? '', body };
}

type Allocation = z.infer<typeof openCostAllocationResponseSchema>['data'][number][string];

/** The one set of an answer, checked against every field that OpenCost has. */
async function allocationsOf(path: string): Promise<Readonly<Record<string, Allocation>>> {
  const { status, body } = await get(path);
  expect([status, body]).toEqual([200, body]);
  const { data } = openCostAllocationResponseSchema.parse(body);
  expect(data).toHaveLength(1);
  return data[0] ?? {};
}

/** What `kubectl cost` works out itself: it adds volumes up, and reads no total. */
function totalInGo(row: Allocation): number {
  const volumes = Object.values(row.pvs ?? {}).reduce((sum, { cost }) => sum + (cost ?? 0), 0);
  const { cpuCost, ramCost, gpuCost, networkCost, loadBalancerCost, sharedCost, externalCost } = row;
  return [cpuCost, ramCost, gpuCost, networkCost, loadBalancerCost, sharedCost, externalCost].reduce<number>(
    (sum, cost) => sum + (cost ?? 0),
    volumes,
  );
}

const totals = (rows: Readonly<Record<string, Allocation>>) =>
  Object.entries(rows)
    .map(([name, row]) => [name, Number(totalInGo(row).toFixed(9))] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** The query that a command sends: its parameters in the order of their names, as Go encodes them. */
const command = (aggregate: string, parameters: Readonly<Record<string, string>> = {}): string => {
  const all = { accumulate: 'true', aggregate, idle: 'true', includeIdle: 'true', window: 'yesterday', ...parameters };
  return `/model/allocation?${new URLSearchParams(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))).toString()}`;
};

const withNamespace = { filterNamespaces: '' };

describe('kubectl cost', () => {
  it.each<[string, string, Readonly<Record<string, string>>, Readonly<Record<string, number>>]>([
    ['namespace', 'cluster,namespace', withNamespace, { 'shop/a': 1.092, 'shop/b': 0.252, __idle__: 3.096 }],
    [
      'deployment',
      'cluster,namespace,deployment',
      withNamespace,
      { 'shop/a/web': 1.092, 'shop/b/__unallocated__': 0.252, __idle__: 3.096 },
    ],
    [
      'controller',
      'cluster,namespace,controller',
      withNamespace,
      { 'shop/a/deployment:web': 1.092, 'shop/b/job:job': 0.24, 'shop/b/__unallocated__': 0.012, __idle__: 3.096 },
    ],
    [
      'pod',
      'cluster,namespace,pod',
      withNamespace,
      { 'shop/a/web': 1.092, 'shop/b/job': 0.24, 'shop/b/__unmounted__': 0.012, __idle__: 3.096 },
    ],
    ['label -l app', 'cluster,label:app', {}, { 'shop/web': 1.092, 'shop/__unallocated__': 0.252, __idle__: 3.096 }],
  ])(
    '%s: names with one part per grouping, and totals that its own sums come to',
    async (...[, aggregate, parameters, expected]) => {
      const rows = await allocationsOf(command(aggregate, parameters));
      expect(totals(rows)).toEqual(Object.entries(expected).sort(([a], [b]) => (a < b ? -1 : 1)));
      for (const [key, row] of Object.entries(rows)) {
        expect(row.name).toBe(key);
        if (key !== '__idle__') expect(key.split('/')).toHaveLength(aggregate.split(',').length);
        expect(row.totalCost).toBeCloseTo(totalInGo(row), 9);
      }
    },
  );

  it('namespace: the averages and the time that efficiency and the monthly rate are worked out from', async () => {
    const row = (await allocationsOf(command('cluster,namespace')))['shop/a'];
    expect(row).toMatchObject({
      start: '2026-03-09T00:00:00Z',
      end: '2026-03-10T00:00:00Z',
      minutes: 1440,
      cpuCoreHours: 30,
      cpuCoreRequestAverage: 1,
      cpuCoreUsageAverage: 0.5,
      cpuEfficiency: 0.5,
      ramByteRequestAverage: 2 * gib,
      ramEfficiency: 0.5,
      cpuCost: 0.9,
      ramCost: 0.192,
      properties: { cluster: 'shop', namespace: 'a' },
    });
  });

  it('deployment -n b --idle=false: only what was asked for', async () => {
    const rows = await allocationsOf(
      command('cluster,namespace,deployment', { filterNamespaces: 'b', idle: 'false', includeIdle: 'false' }),
    );
    expect(totals(rows)).toEqual([['shop/b/__unallocated__', 0.252]]);
  });

  it('the currency that it asks for first', async () => {
    expect((await get('/model/getConfigs')).body).toMatchObject({ data: { currencyCode: 'USD' } });
  });

  it('node: one map of nodes with what its table shows', async () => {
    const { status, body } = await get('/model/assets?accumulate=true&filterTypes=Node&window=yesterday');
    expect(status).toBe(200);
    const asset = z.object({
      type: z.literal('Node'),
      properties: z.object({ cluster: z.string(), name: z.string() }),
      minutes: z.number(),
      nodeType: z.string(),
      cpuCost: z.number().nullable(),
      ramCost: z.number().nullable(),
      totalCost: z.number(),
    });
    const { data } = z.object({ code: z.literal(200), data: z.array(z.record(z.string(), asset)) }).parse(body);
    expect(data).toHaveLength(1);
    const nodes = Object.values(data[0] ?? {});
    expect(nodes.map(({ properties, minutes }) => [properties.cluster, minutes])).toEqual([['shop', 1440]]);
    // The one asset of the stored hours costs what all of their rows cost.
    expect(nodes[0]?.totalCost).toBeCloseTo(4.44, 9);
  });
});

describe('/model/allocation', () => {
  it('has no idle unless asked for under /compute, and has it by default elsewhere', async () => {
    const query = 'window=yesterday&aggregate=namespace';
    expect(Object.keys(await allocationsOf(`/model/allocation/compute?${query}`)).sort()).toEqual(['a', 'b']);
    expect(Object.keys(await allocationsOf(`/model/allocation?${query}`)).sort()).toEqual(['__idle__', 'a', 'b']);
  });

  it('shares idle by resource: 1.5 + 1.0368 to web, 0.3 + 0.2592 to the job', async () => {
    const rows = await allocationsOf('/model/allocation?window=yesterday&aggregate=namespace&shareIdle=true');
    expect(totals(rows)).toEqual([
      ['a', 3.6288],
      ['b', 0.8112],
    ]);
    expect(rows['a']).toMatchObject({ cpuCostIdle: 1.5, ramCostIdle: 1.0368 });
  });

  it('takes a step, and a filter with its plus encoded', async () => {
    const { body } = await get('/model/allocation?window=yesterday&aggregate=pod&step=6h&idle=false');
    const { data } = openCostAllocationResponseSchema.parse(body);
    expect(data.map((set) => Object.keys(set).sort())).toEqual([
      ['__unmounted__', 'web'],
      ['job', 'web'],
      ['job', 'web'],
      ['__unmounted__', 'web'],
    ]);
    const filter = encodeURIComponent('namespace:"b"+pod:"job"');
    const rows = await allocationsOf(`/model/allocation?window=yesterday&aggregate=pod&idle=false&filter=${filter}`);
    expect(totals(rows)).toEqual([['job', 0.24]]);
  });

  it('answers a summary', async () => {
    const { body } = await get('/model/allocation/summary?window=yesterday&aggregate=namespace');
    const { data } = openCostSummaryResponseSchema.parse(body);
    expect(data.step).toBe(86_400e9);
    expect(data.sets[0]?.allocations['b']).toMatchObject({ cpuCost: 0.18, ramCost: 0.048, pvCost: 0.024 });
  });

  it.each([
    ['a window that does not exist', '/model/allocation?window=soon', 400, /Invalid window "soon"/],
    ['no window', '/model/allocation', 400, /query window/],
    ['an unknown grouping', '/model/allocation?window=yesterday&aggregate=shape', 400, /Cannot group by "shape"/],
    [
      'a plus that was lost in the URL',
      '/model/allocation?window=yesterday&filter=namespace:"a"+pod:"web"',
      400,
      /filter is not valid at character 15/,
    ],
    ['an unknown parameter', '/model/allocation?window=yesterday&agregate=pod', 400, /agregate/],
    ['an unknown grouping of assets', '/model/assets?window=yesterday&aggregate=shape', 400, /Known are/],
  ])('answers %s once, as OpenCost does', async (_title, path, status, message) => {
    const answer = await get(path);
    expect([answer.status, answer.type]).toEqual([status, 'application/json; charset=utf-8']);
    expect(answer.body).toEqual({
      code: status,
      status: '',
      data: null,
      message: expect.stringMatching(message) as string,
    });
  });

  it('asks for a token, and shows the clusters of its organizations only', async () => {
    expect((await get('/model/allocation?window=yesterday', null)).status).toBe(401);
    const { body } = await get('/model/allocation?window=yesterday&aggregate=cluster,namespace');
    expect(JSON.stringify(body)).not.toContain('theirs');
    const lonely = await createOrganization(world.harness, randomUUID());
    const empty = await get('/model/allocation?window=yesterday&aggregate=namespace', lonely.owner.token);
    expect(empty.body).toEqual({ code: 200, status: 'success', data: [{}] });
  });
});
