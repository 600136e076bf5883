import { randomUUID } from 'node:crypto';
import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { formatNanos, parseNanos, type AllocationFact, type Nanos } from '@cloudtuner/cost-model';
import type { InputOf, OutputOf, RestapiClient } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import fc from 'fast-check';
import { cpuPoint, type FakeMetroculus } from './testing/fake-metroculus';
import { createOrganization, type RestapiHarness } from './testing/restapi-harness';
import {
  containerFact,
  storeAllocationHours,
  sumDay,
  sumPeriods,
  type StoredAllocationHour,
} from './testing/stored-allocations';
import { storeExpense, storeHours } from './testing/stored-hours';
import { startTestWorld, type TestWorld } from './testing/test-world';

const hourSeconds = 3600;
const daySeconds = 86_400;
const today = Date.parse('2026-03-10T00:00:00Z') / 1000;
const nowSeconds = today + 10.5 * hourSeconds;
const firstDay = today - 2 * daySeconds;

let world: TestWorld;
let metroculus: FakeMetroculus;
let clickhouse: ClickhouseClient;
let harness: RestapiHarness;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: nowSeconds * 1000 });
  ({ metroculus, clickhouse, harness } = world);
}, 120_000);
afterAll(() => world.stop());

type Query = InputOf<'getClusterCosts'>['query'];
type Costs = OutputOf<'getClusterCosts'>;

const exact = (amount: number | string | null | undefined): Nanos =>
  amount === null || amount === undefined ? 0n : parseNanos(String(amount));
const sum = (amounts: readonly (number | string | null)[]): Nanos =>
  amounts.reduce<Nanos>((total, amount) => total + exact(amount), 0n);

interface Cluster {
  readonly api: RestapiClient;
  readonly organizationId: string;
  readonly id: string;
  readonly resourceId: string;
}

async function createCluster(name = 'shop'): Promise<Cluster> {
  const organization = await createOrganization(harness, randomUUID());
  const api = harness.client(organization.owner.token);
  const account = await api.createCloudAccount({
    params: { organization_id: organization.id },
    body: { name, type: 'kubernetes_cnr' },
  });
  return { api, organizationId: organization.id, id: account.id, resourceId: account.cluster_resource_id ?? '' };
}

const ask = ({ api, id }: Cluster, query: Query): Promise<Costs> =>
  api.getClusterCosts({ params: { cluster_id: id }, query: { money: 'string', ...query } });

/** All rows of all pages. */
async function pages(cluster: Cluster, query: Query, limit: number): Promise<NonNullable<Costs['rows']>> {
  const rows: NonNullable<Costs['rows']> = [];
  for (let offset = 0; ; offset += limit) {
    const answer = await ask(cluster, { ...query, limit, offset });
    rows.push(...(answer.rows ?? []));
    expect(answer.total_count).toBeDefined();
    if (rows.length >= (answer.total_count ?? 0) || answer.rows?.length === 0) return rows;
  }
}

const nanos = fc.oneof(fc.bigInt(0n, 10n ** 9n), fc.bigInt(10n ** 13n, 10n ** 14n));
const cost = fc.option(nanos.map(formatNanos), { nil: null });
const name = fc.constantFrom('a', 'b', 'c');

const containers: fc.Arbitrary<AllocationFact> = fc
  .record({
    node: fc.constantFrom('n1', 'n2'),
    namespace: name,
    controller_kind: fc.constantFrom('deployment', 'job'),
    controller: name,
    pod: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
    team: fc.constantFrom('', 'x', 'y'),
    owner: fc.constantFrom('', 'ada'),
    services: fc.constantFrom<string[]>([], ['web'], ['api', 'web']),
    cpu_cost: cost,
    ram_cost: cost,
    network_cost: cost,
  })
  .map(({ team, owner, ...fact }) =>
    containerFact({
      ...fact,
      labels: team === '' ? {} : { team },
      annotations: owner === '' ? {} : { owner },
      cpu_core_hours: 1.5,
    }),
  );

const idle: fc.Arbitrary<AllocationFact> = fc
  .record({ node: fc.constantFrom('n1', 'n2'), cpu_cost: cost, ram_cost: cost })
  .map((fact) =>
    containerFact({ ...fact, kind: 'idle', asset_type: 'node', asset_key: fact.node, pod: '', container: '' }),
  );

const unattributed: fc.Arbitrary<AllocationFact> = fc
  .record({ asset_key: name, namespace: fc.constantFrom('', 'a'), pv_cost: cost })
  .map((fact) =>
    containerFact({ ...fact, kind: 'unattributed', asset_type: 'disk', node: '', pod: '', container: '' }),
  );

/** The facts of an hour: no two of the same identity. */
const hourFacts: fc.Arbitrary<AllocationFact[]> = fc
  .tuple(
    fc.uniqueArray(containers, { maxLength: 6, selector: ({ namespace, pod }) => `${namespace}/${pod}` }),
    fc.uniqueArray(idle, { maxLength: 2, selector: ({ asset_key }) => asset_key }),
    fc.uniqueArray(unattributed, { maxLength: 2, selector: ({ asset_key }) => asset_key }),
  )
  .map((facts) => facts.flat());

interface History {
  /** By offset of the hour from the first; null: without pods. */
  readonly hours: readonly (readonly [offset: number, facts: readonly AllocationFact[] | null])[];
  readonly summedDays: readonly number[];
  /** Whether summed days are summed once more, for reading. */
  readonly hasPeriods: boolean;
  /** Hours that are stored again after their day was summed. */
  readonly late: readonly (readonly [offset: number, facts: readonly AllocationFact[]])[];
  readonly live: readonly number[];
}

const histories: fc.Arbitrary<History> = fc.record({
  hours: fc.uniqueArray(fc.tuple(fc.nat(56), fc.option(hourFacts, { nil: null, freq: 12 })), {
    minLength: 1,
    maxLength: 12,
    selector: ([offset]) => offset,
  }),
  summedDays: fc.subarray([0, 1]),
  hasPeriods: fc.boolean(),
  late: fc.uniqueArray(fc.tuple(fc.nat(47), hourFacts), { maxLength: 2, selector: ([offset]) => offset }),
  live: fc.uniqueArray(fc.nat(1), { maxLength: 2 }),
});

async function store({ id }: Cluster, { hours, summedDays, hasPeriods, late, live }: History): Promise<void> {
  const stored = (
    entries: readonly (readonly [offset: number, facts: readonly AllocationFact[]])[],
    readAtMs: number,
  ): StoredAllocationHour[] =>
    entries.map(([offset, facts]) => ({
      hour: firstDay + offset * hourSeconds,
      version: `v${String(offset)}-${String(readAtMs)}`,
      facts,
      readAtMs,
    }));
  const withPods = hours.flatMap(([offset, facts]) => (facts === null ? [] : [[offset, facts] as const]));
  if (withPods.length > 0) await storeAllocationHours(clickhouse, id, stored(withPods, 1));
  const bare = hours.filter(([, facts]) => facts === null);
  const bareHours = bare.map(([offset]) => ({
    hour: firstDay + offset * hourSeconds,
    version: `bare-${String(offset)}`,
    assets: [{ cpu_cost: BigInt(offset) + 7n }, { pv_cost: 3n }],
  }));
  if (bareHours.length > 0) await storeHours(clickhouse, id, bareHours);
  for (const index of summedDays) {
    const hasHours = hours.some(([offset]) => Math.floor(offset / 24) === index);
    if (hasHours) await sumDay(clickhouse, id, firstDay + index * daySeconds, index === 0 ? ['team'] : []);
  }
  if (hasPeriods) await sumPeriods(clickhouse, id, { from: firstDay, until: today });
  if (late.length > 0) await storeAllocationHours(clickhouse, id, stored(late, 2));
  metroculus.points.set(
    id,
    live.map((back) => {
      const hour = nowSeconds - 1800 - back * hourSeconds;
      return cpuPoint(hour, 0.125 + back, { end_timestamp: Math.min(hour + hourSeconds, nowSeconds) });
    }),
  );
}

const aggregates = [
  'all',
  'cluster',
  'namespace',
  'node',
  'controller',
  'namespace,controllerKind',
  'cluster,node,namespace,pod,container',
  'label:team',
  'annotation:owner',
  'service',
  'team,owner',
] as const;

const complements: readonly (readonly [string, string])[] = [
  ['namespace:"a"', 'namespace!:"a"'],
  ['label[team]:"x","y"', 'label[team]!:"x","y"'],
  ['pod<~:"p1"|node:"n1"', 'pod!<~:"p1"+node!:"n1"'],
  ['services:"web"', 'services!:"web"'],
  ['label:"team"', 'label!:"team"'],
  ['annotation[owner]:"ada"+controllerKind:"job"', 'annotation[owner]!:"ada"|controllerKind!:"job"'],
  ['namespace:"__unallocated__"', 'namespace!:"__unallocated__"'],
];

const sharing: fc.Arbitrary<Query> = fc.constantFrom<Query>(
  {},
  { share_idle: 'true' },
  { share_idle: 'true', idle_by: 'node' },
  { share_namespaces: 'b' },
  { share_namespaces: 'b,c', share_labels: 'team:x', share_split: 'even', share_idle: 'true' },
  { split_idle: 'true', idle_by: 'node' },
);

const steps = fc.constantFrom('all', '1h', '6h', 'day', '1d', 'week');

describe('law 2, one total, through ClickHouse', () => {
  it('rows of every grouping, step, page, and of a filter and its complement, sum to the total of the ledger', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories,
        fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 60 })),
        fc.array(fc.record({ aggregate: fc.constantFrom(...aggregates), step: steps, share: sharing }), {
          minLength: 3,
          maxLength: 3,
        }),
        fc.tuple(fc.constantFrom(...complements), fc.constantFrom('true' as const, 'false' as const)),
        async (history, [from, hours], questions, [[filter, complement], idleShown]) => {
          const cluster = await createCluster();
          await store(cluster, history);
          const window: Query = {
            start_time: firstDay + from * hourSeconds,
            end_time: firstDay + (from + hours) * hourSeconds,
          };
          const ledger = await ask(cluster, window);
          const total = exact(ledger.total.total_cost);
          for (const { aggregate, step, share } of questions) {
            const query = { ...window, aggregate, step, ...share };
            const whole = await ask(cluster, { ...query, limit: 1000 });
            expect(exact(whole.total.total_cost)).toBe(total);
            expect(sum(whole.costs.map(({ total_cost }) => total_cost))).toBe(total);
            expect(sum((whole.rows ?? []).map(({ total_cost }) => total_cost))).toBe(total);
            expect(whole.total_count).toBe(whole.rows?.length);
            expect([whole.coverage, whole.total.partial]).toEqual([ledger.coverage, ledger.total.partial]);
            const [passing, rest] = await Promise.all(
              [filter, complement].map((text) => ask(cluster, { ...query, filter: text, limit: 1000 })),
            );
            expect(exact(passing?.total.total_cost) + exact(rest?.total.total_cost)).toBe(total);
          }
          const byPod = { ...window, aggregate: 'cluster,namespace,controller,pod', idle: idleShown };
          const pods = await pages(cluster, byPod, 3);
          const { rows: all } = await ask(cluster, { ...byPod, sort: 'name', limit: 1000 });
          expect(pods.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(all);
          const dearestFirst = pods.map(({ total_cost }) => exact(total_cost));
          expect(dearestFirst).toEqual(dearestFirst.toSorted((a, b) => (a === b ? 0 : a > b ? -1 : 1)));
          const paged = { ...window, aggregate: questions[0]?.aggregate ?? 'all', step: questions[0]?.step ?? 'all' };
          const rows = await pages(cluster, paged, 4);
          expect(sum(rows.map(({ total_cost }) => total_cost))).toBe(total);
          expect(new Set(rows.map(({ start, name: row }) => `${String(start)} ${row}`)).size).toBe(rows.length);
        },
      ),
      { numRuns: 8, interruptAfterTimeLimit: 40_000 },
    );
  }, 120_000);
});

/** One pod that costs a dollar an hour in each of these hours. */
const dollars = (offsets: readonly number[], overrides: Partial<StoredAllocationHour> = {}): StoredAllocationHour[] =>
  offsets.map((offset) => ({
    hour: firstDay + offset * hourSeconds,
    version: `v${String(offset)}`,
    facts: [containerFact({ namespace: 'a', cpu_cost: '1.000000000' })],
    ...overrides,
  }));

const runningOffset = 58;
const runningHour = firstDay + runningOffset * hourSeconds;
const byNamespace = { aggregate: 'namespace', window: '2h' } as const;

describe('the running hour', () => {
  const stored = (readAtMs: number) => dollars([runningOffset], { closed: false, readAtMs });

  it.each([
    ['read 90 s ago as stored, by every route', 90_000, '1.000000000'],
    ['read longer ago live, by every route', 91_000, '0.250000000'],
  ])('is taken when it was %s', async (_title, ageMs, expected) => {
    const cluster = await createCluster();
    await storeAllocationHours(clickhouse, cluster.id, [
      ...dollars([runningOffset - 3, runningOffset - 2, runningOffset - 1]),
      ...stored(nowSeconds * 1000 - ageMs),
    ]);
    metroculus.points.set(cluster.id, [cpuPoint(runningHour, 0.25, { end_timestamp: nowSeconds })]);
    const window = { start_time: runningHour, end_time: runningHour + hourSeconds };
    for (const query of [
      window,
      { ...window, aggregate: 'namespace' },
      { ...window, aggregate: 'all', step: 'hour' },
    ]) {
      const { total, warnings } = await ask(cluster, query);
      expect([total.total_cost, total.partial, warnings]).toEqual([expected, true, []]);
    }
  });

  it('is as stored, with a warning, when it cannot be computed now', async () => {
    const cluster = await createCluster();
    await storeAllocationHours(clickhouse, cluster.id, stored(1));
    metroculus.points.set(cluster.id, [cpuPoint(runningHour, 9, { flags: ['refuse'] })]);
    const { total, warnings } = await ask(cluster, { ...byNamespace, window: '1h' });
    expect(total.total_cost).toBe('1.000000000');
    expect(warnings.map(({ code }) => code)).toEqual(['live-costs-unavailable']);
  });

  it('is not asked for when the window ended before it', async () => {
    const cluster = await createCluster();
    await storeAllocationHours(clickhouse, cluster.id, dollars([0, 1]));
    await ask(cluster, { aggregate: 'namespace', start_time: firstDay, end_time: firstDay + daySeconds });
    expect(metroculus.asked.filter(({ cloudAccountId }) => cloudAccountId === cluster.id)).toEqual([]);
  });
});

describe('what is known by its total only', () => {
  it('stays in the total of every grouping: an expired day, and an hour that was stored without pods', async () => {
    const cluster = await createCluster();
    await storeExpense(clickhouse, cluster.id, { resourceId: cluster.resourceId, date: '2026-03-08', cost: 5n });
    await storeHours(clickhouse, cluster.id, [
      { hour: firstDay + daySeconds, version: 'bare', assets: [{ cpu_cost: 7n }, { pv_cost: 2n }] },
    ]);
    const window = { start_time: firstDay, end_time: firstDay + 2 * daySeconds };
    const ledger = await ask(cluster, window);
    const answer = await ask(cluster, { ...window, aggregate: 'namespace', step: 'day' });
    expect(answer.total.total_cost).toBe(ledger.total.total_cost);
    expect(answer.rows?.map(({ name: row, total_cost, cpu_cost }) => [row, total_cost, cpu_cost])).toEqual([
      ['__unallocated__', '0.000000005', null],
      ['__unallocated__', '0.000000009', '0.000000007'],
    ]);
    expect(answer.warnings.map(({ code }) => code)).toEqual(['hours-without-pods', 'hours-expired']);
    const filtered = await ask(cluster, { ...window, aggregate: 'namespace', filter: 'namespace:"a"' });
    expect([filtered.total.total_cost, filtered.rows]).toEqual(['0.000000000', []]);
  });
});

describe('isolation', () => {
  it('shows no row of another tenant, whose cluster has the same names and versions', async () => {
    const [ours, theirs] = [await createCluster(), await createCluster()];
    await storeAllocationHours(clickhouse, ours.id, dollars([0, 1]));
    await storeAllocationHours(
      clickhouse,
      theirs.id,
      dollars([0, 1, 2], { facts: [containerFact({ namespace: 'secret', cpu_cost: '100.000000000' })] }),
    );
    for (const { id } of [ours, theirs]) await sumDay(clickhouse, id, firstDay);
    const window = { start_time: firstDay, end_time: firstDay + daySeconds };
    for (const step of ['all', 'hour', 'day'] as const) {
      const { rows, total } = await ask(ours, { ...window, aggregate: 'namespace,pod', step });
      expect(total.total_cost).toBe('2.000000000');
      expect(JSON.stringify(rows)).not.toContain('secret');
    }
    const organization = await ours.api.getOrganizationAllocation({
      params: { organization_id: ours.organizationId },
      query: { ...window, aggregate: 'namespace', money: 'string' },
    });
    expect(organization.rows.map(({ name: row, total_cost }) => [row, total_cost])).toEqual([['a', '2.000000000']]);
    expect(organization.clusters.map(({ id }) => id)).toEqual([ours.id]);
    const foreign = ask({ ...ours, id: theirs.id }, { ...window, aggregate: 'namespace' });
    await expect(foreign).rejects.toMatchObject({ code: 'not-found', status: 404 });
  });
});

describe('several clusters of an organization', () => {
  it('are one answer: rows by cluster, one total, what is known of each, and the deleted one under its id', async () => {
    const shop = await createCluster();
    const params = { organization_id: shop.organizationId };
    const second = await shop.api.createCloudAccount({ params, body: { name: 'blog', type: 'kubernetes_cnr' } });
    await storeAllocationHours(clickhouse, shop.id, dollars([0, 1]));
    await storeAllocationHours(clickhouse, second.id, dollars([0]));
    await shop.api.deleteCloudAccount({ params: { cloud_account_id: second.id } });
    const third = await shop.api.createCloudAccount({ params, body: { name: 'blog', type: 'kubernetes_cnr' } });
    const answer = await shop.api.getOrganizationAllocation({
      params,
      query: { start_time: firstDay, end_time: firstDay + daySeconds, money: 'string' },
    });
    expect(answer.rows.map(({ name: row, total_cost }) => [row, total_cost])).toEqual([
      ['shop', '2.000000000'],
      [second.id, '1.000000000'],
    ]);
    expect(answer.total.total_cost).toBe('3.000000000');
    // 2, 1 and 0 of 24 hours: 3 of 72.
    expect(answer.coverage).toBeCloseTo(3 / 72, 9);
    expect(answer.clusters.map(({ id, cluster, coverage }) => [id, cluster, coverage])).toEqual(
      expect.arrayContaining([
        [shop.id, 'shop', 2 / 24],
        [second.id, second.id, 1 / 24],
        [third.id, 'blog', 0],
      ]),
    );
  });
});

describe('a page of pods', () => {
  it('beyond the last has no rows, and says how many there are', async () => {
    const cluster = await createCluster();
    await storeAllocationHours(clickhouse, cluster.id, dollars([0, 1]));
    const window = { start_time: firstDay, end_time: firstDay + daySeconds };
    const { rows, total_count, total } = await ask(cluster, { ...window, aggregate: 'pod', offset: 10 });
    expect([rows, total_count, total.total_cost]).toEqual([[], 1, '2.000000000']);
  });
});

describe('weeks', () => {
  const sunday = today - 9 * daySeconds;
  const window = { start_time: sunday, end_time: sunday + 7 * daySeconds, aggregate: 'namespace' } as const;
  const days = Array.from({ length: 7 }, (_none, index) => sunday + index * daySeconds);
  const dollarADay = (day: number, overrides: Partial<StoredAllocationHour> = {}): StoredAllocationHour => ({
    ...{ hour: day, version: `w${String(day)}`, ...overrides },
    facts: [containerFact({ namespace: 'a', cpu_cost: '1.000000000' })],
  });

  async function storeWeek(): Promise<Cluster> {
    const cluster = await createCluster();
    await storeAllocationHours(
      clickhouse,
      cluster.id,
      days.map((day) => dollarADay(day)),
    );
    for (const day of days) await sumDay(clickhouse, cluster.id, day);
    await sumPeriods(clickhouse, cluster.id, { from: sunday, until: sunday + 7 * daySeconds });
    return cluster;
  }

  async function forget({ id }: Cluster, tables: readonly string[]): Promise<void> {
    for (const table of tables) {
      await clickhouse.command({
        sql: `DELETE FROM ${table} WHERE cloud_account_id = {account:UUID}`,
        params: { account: id },
        tag: { surface: 'test', route: 'restapi' },
        tenant: id,
      });
    }
  }

  /** A dollar a day, by namespace, by pod and by label. */
  async function expectTheWeek(cluster: Cluster): Promise<void> {
    for (const aggregate of ['namespace', 'pod', 'label:team']) {
      const { total, rows } = await ask(cluster, { ...window, aggregate });
      expect([total.total_cost, rows?.length]).toEqual(['7.000000000', 1]);
    }
  }

  it('that were summed are read instead of their days', async () => {
    const cluster = await storeWeek();
    await forget(cluster, ['allocation_hours', 'allocation_days', 'allocation_dimension_days']);
    await expectTheWeek(cluster);
  });

  it.each([[['allocation_periods']], [['allocation_dimension_periods']]])(
    'are read by their days when rows of %s are lost',
    async (tables) => {
      const cluster = await storeWeek();
      await forget(cluster, tables);
      await expectTheWeek(cluster);
    },
  );

  it('have a late hour in the next answer', async () => {
    const cluster = await storeWeek();
    expect((await ask(cluster, window)).total.total_cost).toBe('7.000000000');
    await storeAllocationHours(clickhouse, cluster.id, [dollarADay(sunday + hourSeconds, { readAtMs: 2 })]);
    expect((await ask(cluster, window)).total.total_cost).toBe('8.000000000');
  });
});

describe('explain', () => {
  it('shows quantity × price of each hour and node, which come to the cost of the row', async () => {
    const cluster = await createCluster();
    const version = 'priced';
    const hour = firstDay;
    const pod = (name: string, cores: number, cpuCost: string, ramCost: string) =>
      containerFact({
        ...{ namespace: 'a', pod: name, node: 'node-0', cpu_cost: cpuCost, ram_cost: ramCost },
        cpu_core_hours: cores,
        ram_byte_hours: 2 * 1024 ** 3,
      });
    await storeAllocationHours(clickhouse, cluster.id, [
      {
        hour,
        version,
        facts: [pod('p', 1.25, '0.037500000', '0.008000000'), pod('q', 9, '0.270000000', '0.008000000')],
      },
    ]);
    // The node of the same version, with its prices.
    await clickhouse.command({
      sql: `ALTER TABLE asset_hours UPDATE cpu_core_hour_price = 0.03, ram_gib_hour_price = 0.004
            WHERE cloud_account_id = {account:UUID} SETTINGS mutations_sync = 1`,
      params: { account: cluster.id },
      tag: { surface: 'test', route: 'explain' },
      tenant: cluster.id,
    });
    const window = { start_time: firstDay, end_time: firstDay + daySeconds };
    const query: Query = { ...window, aggregate: 'namespace,pod', limit: 1, offset: 1, explain: '1' };
    const { explanation, rows } = await ask(cluster, query);
    expect(rows?.map(({ name: row, total_cost }) => [row, total_cost])).toEqual([['a/p', '0.045500000']]);
    // 1.25 core-hours × 0.03 = 0.0375; 2 GiB-hours × 0.004 = 0.008.
    expect(explanation).toMatchObject({
      name: 'a/p',
      total_cost: '0.045500000',
      coverage: 1 / 24,
      others: [],
      resources: [
        { resource: 'cpu', unit: 'core-hour', quantity: 1.25, cost: '0.037500000' },
        { resource: 'ram', unit: 'GiB-hour', quantity: 2, cost: '0.008000000' },
      ],
    });
    const hours = explanation?.resources.map(({ hours: [first] }) => first);
    expect(hours).toMatchObject([
      {
        hour,
        node: 'node-0',
        data_version: version,
        quantity: 1.25,
        price: 0.03,
        product: 0.0375,
        cost: '0.037500000',
      },
      { hour, node: 'node-0', data_version: version, quantity: 2, price: 0.004, product: 0.008, cost: '0.008000000' },
    ]);
  });
});

describe('parameters', () => {
  it.each<[string, Query, string, unknown]>([
    ['a grouping that there is not', { ...byNamespace, aggregate: 'namespce' }, 'aggregate-invalid', undefined],
    [
      'a filter with an error, with its position',
      { ...byNamespace, filter: 'namespace:"a" foo' },
      'filter-invalid',
      15,
    ],
    ['a step of minutes', { ...byNamespace, step: '90m' }, 'step-invalid', undefined],
    [
      'accumulating by less than the step',
      { ...byNamespace, step: 'day', accumulate: 'hour' },
      'step-invalid',
      undefined,
    ],
    ['a window that does not exist', { ...byNamespace, window: 'soon' }, 'invalid-window', undefined],
    ['hours over too long a window', { ...byNamespace, window: '60d', step: '1h' }, 'range-too-long', undefined],
    [
      'sharing idle that is left out',
      { ...byNamespace, idle: 'false', share_idle: 'true' },
      'invalid-request',
      undefined,
    ],
    ['a label to share without a value', { ...byNamespace, share_labels: 'team' }, 'invalid-request', undefined],
    ['a filter without a grouping', { window: '2h', filter: 'namespace:"a"' }, 'invalid-request', undefined],
    ['a step of a week without a grouping', { window: '2h', step: 'week' }, 'invalid-request', undefined],
    ['a sort that there is not', { ...byNamespace, sort: '-price' as 'name' }, 'invalid-request', undefined],
  ])('refuses %s', async (_title, query, code, position) => {
    const cluster = await createCluster();
    const refused = await ask(cluster, query).catch((error: unknown) => error);
    expect(refused).toMatchObject({ status: code === 'range-too-long' ? 422 : 400, code });
    if (position !== undefined) expect(refused).toMatchObject({ details: { position } });
  });
});
