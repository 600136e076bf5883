import { parseNanos, sumNanos } from '@cloudtuner/cost-model';
import { allocationSchema, toKubecostRows } from '@cloudtuner/kubecost-client';
import { randomTenant } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { createCleanupStore } from '../adapters/clickhouse/cleanup-store';
import { daySeconds, hourSeconds } from '../domain/calendar';
import { extractWindow as windowOf, type ExtractKind } from '../domain/extraction';
import { startExtractWorld, storedExtracts, type ExtractWorld } from '../testing/extract-world';
import { seededRandom } from '../testing/seeded-random';
import { cleanUp } from './clean-up';
import { extractAccount } from './extract-account';
import { extractWindow } from './extract-window';
import { readExtractAges } from './read-extract-ages';

const signal = new AbortController().signal;
const hourMs = 3_600_000;

let world: ExtractWorld;
let account: string;
let startedMs: number;

beforeAll(async () => {
  world = await startExtractWorld();
  startedMs = world.nowMs;
});
afterAll(() => world.close());
beforeEach(async () => {
  account = randomTenant();
  world.nowMs = startedMs;
  world.kubecost.fail('none');
  world.outcomes();
});

const run = (kind: ExtractKind = 'allocation') =>
  extractAccount(world.ports, { cloudAccountId: account, kind, signal });
const rows = (comparable = true, id = account) => storedExtracts(world.clickhouse, id, { comparable });
const hourAgo = (hours: number): number => Math.floor(world.nowMs / hourMs) * 3_600 - hours * hourSeconds;
const extractHour = async (from: number, id = account) => {
  const found = await world.ports.accounts.find(id);
  if (found?.kubecost === undefined) throw new Error('the account has no endpoint');
  return extractWindow(world.ports, {
    account: { id, organizationId: found.organizationId, kubecost: found.kubecost },
    window: windowOf('allocation', from),
    signal,
  });
};

/** What the current documents of an hour say that it cost, in nano-dollars. */
async function costOf(from: number): Promise<bigint> {
  const [state] = await world.ports.store.list(account, 'allocation', from);
  if (state?.from !== from) return -1n;
  const document = await world.ports.store.readDocument(account, state);
  const allocations = document.map(({ body }) => allocationSchema.parse(JSON.parse(body)));
  return sumNanos(toKubecostRows(allocations).flatMap(({ costs }) => Object.values(costs)));
}

function bookOf(from: number): { readonly total: bigint; readonly roundings: bigint } {
  const pods = world.cluster.book
    .pods(from * 1_000, (from + hourSeconds) * 1_000)
    .filter((pod) => pod.endMs > pod.startMs);
  const total = sumNanos(pods.flatMap(({ cpuCost, ramCost, gpuCost }) => [cpuCost, ramCost, gpuCost]));
  // Half of the fifth decimal for each of three costs.
  return { total, roundings: 15_000n * BigInt(pods.length) };
}

describe('extracting what an account’s Kubecost says', () => {
  it('keeps every closed hour of the lookback, whole: what is read back costs what the book says', async () => {
    await run();
    expect(world.outcomes()).toEqual(Array.from({ length: 4 }, () => 'allocation stored'));
    for (let hours = 1; hours <= 4; hours += 1) {
      const { total, roundings } = bookOf(hourAgo(hours));
      const difference = (await costOf(hourAgo(hours))) - total;
      expect(difference <= roundings && difference >= -roundings).toBe(true);
      expect(total > 100_000_000n).toBe(true);
    }
  });

  it('three times leaves the very rows of the first time, and asks Kubecost for nothing', async () => {
    await run();
    const first = await rows(false);
    const asked = world.kubecost.requests.length;
    for (let again = 2; again <= 3; again += 1) {
      await run();
      expect(await rows(false)).toEqual(first);
    }
    expect(world.kubecost.requests).toHaveLength(asked);
  });

  it('in any order, window by window, again and again, by several workers at once, ends in the same rows', async () => {
    await run();
    const reference = await rows();
    const random = seededRandom(11);
    for (let trial = 0; trial < 3; trial += 1) {
      const other = randomTenant();
      const hours = [1, 2, 3, 4, 1, 2, 3, 3].map((hour) => ({ hour, at: random() }));
      hours.sort((left, right) => left.at - right.at);
      for (let start = 0; start < hours.length; start += 2) {
        const pair = hours.slice(start, start + 2).map(({ hour }) => extractHour(hourAgo(hour), other));
        // The same window at the same time: one of the two is told that the other is at it.
        const [first, second] = await Promise.allSettled(pair);
        expect([first?.status, second?.status]).toContain('fulfilled');
      }
      for (const hour of [1, 2, 3, 4]) await extractHour(hourAgo(hour), other);
      expect(await rows(true, other)).toEqual(reference);
    }
  });

  it('begins no window after ten minutes: what is left is due at the next run', async () => {
    const slow = {
      ...world.ports,
      observe: (...seen: Parameters<typeof world.ports.observe>) => {
        world.ports.observe(...seen);
        world.nowMs += 300_000;
      },
    };
    await extractAccount(slow, { cloudAccountId: account, kind: 'allocation', signal });
    expect(world.outcomes()).toEqual(['allocation stored', 'allocation stored']);
    await run();
    expect(world.outcomes()).toEqual(['allocation stored', 'allocation stored']);
  });

  it('reads the assets of a day while an hour that begins with it is read', async () => {
    const yesterday = (Math.floor(world.nowMs / 1_000 / daySeconds) - 1) * daySeconds;
    await world.locks.hold(account, `kubecost-allocation-${String(yesterday)}`, signal, () => run('assets'));
    expect(world.outcomes()).toEqual(['assets stored']);
  });

  it('is not done while another run holds a window: the others are read, and it comes back for that one', async () => {
    await world.locks.hold(account, `kubecost-allocation-${String(hourAgo(2))}`, signal, async () => {
      await expect(run()).rejects.toMatchObject({ code: 'hour-busy' });
    });
    expect(world.outcomes()).toEqual(Array.from({ length: 3 }, () => 'allocation stored'));
    await run();
    expect(world.outcomes()).toEqual(['allocation stored']);
  });

  it('stores the figures of each hour beside those that its exporter says, and again only when they are others', async () => {
    const from = hourAgo(2);
    const current = async () =>
      (await world.ports.figures.findStatements(account, { from, until: from + hourSeconds }))[0];
    await extractHour(from);
    const first = await current();
    expect(first).toMatchObject({ hour: from, saidAtMs: world.nowMs, dataVersion: String(world.nowMs) });
    const cost = await world.clickhouse.query({
      sql: `SELECT toString(sum(cpu_cost + ram_cost + gpu_cost)) AS cost, count() AS rows FROM kubecost_hours
            WHERE cloud_account_id = {account:UUID} AND hour = toDateTime({from:UInt32})`,
      params: { account, from },
      schema: z.object({ cost: z.string(), rows: z.coerce.number() }),
      tag: { surface: 'test', route: 'figures' },
      tenant: account,
    });
    expect(cost.map((row) => [parseNanos(row.cost), row.rows])).toEqual([[await costOf(from), first?.rows]]);
    // Asked again it says the same: only the moment moves.
    world.nowMs += 1_000;
    await extractHour(from);
    expect(await current()).toEqual({ ...first, saidAtMs: world.nowMs });
    // The exporter has said something later: what was asked for before it does not take its place.
    const later = { ...first, hour: from, dataVersion: 'said', saidAtMs: world.nowMs + 5_000, sha256: 'x', rows: 0 };
    await world.ports.figures.putStatement(account, later, world.nowMs);
    world.nowMs += 1_000;
    await extractHour(from);
    expect(await current()).toEqual(later);
  });

  it('does not let an answer that was asked for earlier take the place of a later one', async () => {
    await extractHour(hourAgo(2));
    const [later] = await world.ports.store.list(account, 'allocation', hourAgo(2));
    if (later === undefined) throw new Error('nothing was stored');
    await world.ports.store.put(account, { ...later, contentHash: 'of an older answer', readAtMs: later.readAtMs - 1 });
    expect((await world.ports.store.list(account, 'allocation', hourAgo(2)))[0]).toEqual(later);
  });

  it('follows a restated hour at its next reading, and the cleanup takes the old document', async () => {
    const from = hourAgo(2);
    await extractHour(from);
    const before = await costOf(from);
    world.kubecost.restate(from * 1_000, 0.5);
    world.nowMs += 2 * hourMs;
    await run();
    const halved = (await costOf(from)) * 2n - before;
    // Rounded twice: by half a unit of the fifth decimal for each part, and by its double.
    expect(halved <= 3n * bookOf(from).roundings && halved >= -3n * bookOf(from).roundings).toBe(true);
    const hashes = async () =>
      new Set(
        (await rows())
          .filter((row) => row.startsWith('kubecost_documents'))
          .map((row) => /"content_hash":"(\w+)"/.exec(row)?.[1]),
      );
    const known = await hashes();
    await world.clickhouse.command({
      sql: 'SYSTEM START MERGES kubecost_documents',
      tag: { surface: 'test', route: 'merge' },
      tenant: 'none',
    });
    const found = await world.ports.accounts.find(account);
    const removed = await cleanUp(
      {
        ...world.ports,
        accounts: { list: () => Promise.resolve(found === null ? [] : [found]) },
        store: createCleanupStore(world.clickhouse),
        now: () => world.nowMs + 2 * hourMs,
      },
      { hour: 2 * hourSeconds, signal },
    );
    expect(removed['kubecost_documents']).toBeGreaterThan(10);
    expect((await hashes()).size).toBe(known.size - 1);
    expect((await costOf(from)) * 2n - before).toBe(halved);
    world.kubecost.restate(from * 1_000, 1);
  });

  it('heals an outage of two hours from its end; an hour that Kubecost knows nothing of stays a gap, and what is kept stays', async () => {
    await run();
    const kept = await costOf(hourAgo(1));
    // The hour that runs now.
    world.kubecost.forget(hourAgo(0) * 1_000);
    world.nowMs += 3 * hourMs;
    await world.kubecost.stop();
    await expect(run()).rejects.toMatchObject({ code: 'kubecost-unavailable' });
    await world.kubecost.start();
    world.outcomes();
    await run();
    const states = await world.ports.store.list(account, 'allocation', hourAgo(3));
    expect(states.map(({ from }) => from)).toEqual([hourAgo(2), hourAgo(1)]);
    expect(world.outcomes()).toContain('allocation nothing');
    expect(await costOf(hourAgo(4))).toBe(kept);
  });

  it('goes on with the other windows when one answer is not understood, and fails with it', async () => {
    world.kubecost.fail('type', { at: '/allocation' });
    await expect(run()).rejects.toMatchObject({ code: 'kubecost-answer-unexpected' });
    expect(world.outcomes()).toEqual(Array.from({ length: 4 }, () => 'allocation failed'));
    expect(await rows()).toEqual([]);
  });

  it.each(['half', 'error', 'text', 'html'] as const)(
    'keeps nothing of an answer that is broken (%s)',
    async (fault) => {
      world.kubecost.fail(fault, { at: '/allocation' });
      await expect(run()).rejects.toMatchObject({ code: expect.stringMatching(/^kubecost-/) as string });
      expect(await rows()).toEqual([]);
    },
  );

  it('keeps the assets of ended days and the budgets of today', async () => {
    await run('assets');
    await run('budgets');
    expect([...new Set(world.outcomes())]).toEqual(['assets stored', 'budgets stored']);
    const [assets] = (await world.ports.store.list(account, 'assets', 0)).slice(-1);
    if (assets === undefined) throw new Error('no assets were stored');
    const document = await world.ports.store.readDocument(account, assets);
    const book = world.cluster.book.assets(assets.from * 1_000, (assets.from + daySeconds) * 1_000);
    expect(document).toHaveLength(book.length);
    const cost = document.reduce((sum, { body }) => sum + (JSON.parse(body) as { totalCost: number }).totalCost, 0);
    expect(cost).toBeCloseTo(Number(sumNanos(book.map(({ total }) => total))) / 1e9, 3);
    expect(assets).toMatchObject({ product: 'kubecost', cluster: 'shop' });
    const [budgets] = await world.ports.store.list(account, 'budgets', 0);
    expect(budgets).toMatchObject({ rows: 1, to: (budgets?.from ?? 0) + daySeconds });
  });

  it('tells how old what it has is: from the end of the newest window, else from the day of the endpoint', async () => {
    await run();
    const found = await world.ports.accounts.find(account);
    world.nowMs += 100_000;
    const ages = await readExtractAges({
      accounts: { list: () => Promise.resolve(found === null ? [] : [found]) },
      store: world.ports.store,
      now: () => world.nowMs,
    });
    // The clock stood five seconds after the hour.
    expect(ages).toEqual([
      { cloudAccountId: account, kind: 'allocation', seconds: 105 },
      { cloudAccountId: account, kind: 'assets', seconds: world.nowMs / 1_000 },
      { cloudAccountId: account, kind: 'budgets', seconds: world.nowMs / 1_000 },
    ]);
  });
});

describe('extracting from OpenCost', () => {
  it('has no budgets, which is no failure, and the same hours', async () => {
    const opencost = await startExtractWorld('opencost', world.nowMs);
    try {
      for (const kind of ['allocation', 'budgets'] as const)
        await extractAccount(opencost.ports, { cloudAccountId: account, kind, signal });
      expect(opencost.outcomes().slice(-2)).toEqual(['allocation stored', 'budgets not-offered']);
      const found = await opencost.ports.accounts.find(account);
      const ages = await readExtractAges({
        accounts: { list: () => Promise.resolve(found === null ? [] : [found]) },
        store: opencost.ports.store,
        now: () => opencost.nowMs,
      });
      // What is not offered does not grow old: an alert on its age would fire for ever.
      expect(ages.map(({ kind }) => kind)).toEqual(['allocation', 'assets']);
    } finally {
      await opencost.close();
    }
  });
});

describe('extracting from a Kubecost that knows several clusters', () => {
  const figures = async (client: ExtractWorld['clickhouse']) =>
    client.query({
      sql: `SELECT DISTINCT cluster_id AS cluster FROM kubecost_hours WHERE cloud_account_id = {account:UUID}`,
      params: { account },
      schema: z.object({ cluster: z.string() }),
      tag: { surface: 'test', route: 'figures' },
      tenant: account,
    });

  it('keeps the cluster that the account names, as if there were no other', async () => {
    const federation = await startExtractWorld('kubecost', world.nowMs, { otherClusterId: 'other', clusterId: 'shop' });
    try {
      for (const kind of ['allocation', 'assets'] as const) {
        await extractAccount(federation.ports, { cloudAccountId: account, kind, signal });
        await run(kind);
      }
      expect(await storedExtracts(federation.clickhouse, account, { comparable: true })).toEqual(await rows());
      expect(await figures(federation.clickhouse)).toEqual([{ cluster: 'shop' }]);
    } finally {
      await federation.close();
    }
  });

  it('keeps nothing when the account names none, and says why', async () => {
    const federation = await startExtractWorld('kubecost', world.nowMs, { otherClusterId: 'other' });
    try {
      for (const kind of ['allocation', 'assets'] as const) {
        await expect(extractAccount(federation.ports, { cloudAccountId: account, kind, signal })).rejects.toMatchObject(
          { code: 'kubecost-answer-unexpected' },
        );
      }
      expect(new Set(federation.outcomes())).toEqual(new Set(['allocation failed', 'assets failed']));
      expect(await storedExtracts(federation.clickhouse, account)).toEqual([]);
      expect(await figures(federation.clickhouse)).toEqual([]);
    } finally {
      await federation.close();
    }
  });
});
