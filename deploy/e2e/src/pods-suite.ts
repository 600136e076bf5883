import { parseNanos, sumNanos } from '@cloudtuner/cost-model';
import type { StoreKind } from '@cloudtuner/launcher';
import type { KubecostAllocations } from '@cloudtuner/metroculus-client';
import type { ProfileName, ScrapedBook, ScrapedHour } from '@cloudtuner/sample-cluster';
import { waitFor } from '@cloudtuner/test-kit';
import { splitOf } from './amounts';
import {
  backfill,
  dayMs,
  floorTo,
  hourMs,
  minuteMs,
  pushPast,
  startPlatform,
  type Platform,
  type Tenant,
} from './platform';
import {
  expectContainersOfTheBooks,
  expectCostsOfTheBooks,
  expectGroup,
  expectSumsOfTheBooks,
  groupsOf,
  type PodTruth,
} from './pod-truth';
import {
  assetsAsScraped,
  expectHourAsScraped,
  groupingNames,
  groupsAsScraped,
  splitOfKnown,
  totalAsScraped,
} from './scraped-truth';

const startDeadlineMs = 600_000;
const aroundMs = 10 * minuteMs;
const pageSize = 1000;

type Amount = number | string | null;
const nanos = (amount: Amount): bigint => parseNanos(String(amount ?? 0));

/** A day of a cluster in one grouping, all pages of it. */
async function dayBy({ client, accountId }: Tenant, dayStartMs: number, aggregate: string) {
  const query = {
    start_time: dayStartMs / 1000,
    end_time: (dayStartMs + dayMs) / 1000,
    money: 'string',
    aggregate,
    idle: 'true',
    limit: pageSize,
  } as const;
  const params = { cluster_id: accountId };
  const { rows = [], total_count: count = 0, ...answer } = await client.getClusterCosts({ params, query });
  while (rows.length < count) {
    const page = await client.getClusterCosts({ params, query: { ...query, offset: rows.length } });
    rows.push(...(page.rows ?? []));
  }
  return { ...answer, rows };
}

/** A day of a cluster by asset. */
async function dayOfAssets({ client, accountId }: Tenant, dayStartMs: number) {
  const { assets, total_count: count } = await client.listClusterAssets({
    params: { cluster_id: accountId },
    query: {
      start_time: dayStartMs / 1000,
      end_time: (dayStartMs + dayMs) / 1000,
      money: 'string',
      limit: pageSize,
    },
  });
  expect(assets).toHaveLength(count);
  return assets;
}

/** Of the day: every pod, namespace and node, every asset and the total, as the worker stored them and the API adds them up. */
async function expectDayAsScraped(tenant: Tenant, dayStartMs: number, hours: readonly ScrapedHour[]): Promise<void> {
  for (const grouping of groupingNames) {
    const { rows, total } = await dayBy(tenant, dayStartMs, grouping);
    const truths = groupsAsScraped(hours, grouping);
    expect(new Map(rows.map((row) => [row.name, splitOfKnown(row)]))).toEqual(truths);
    expect(splitOf(total)).toEqual(totalAsScraped(hours));
  }
  const assets = await dayOfAssets(tenant, dayStartMs);
  const byKey = new Map(assets.map((asset) => [`${asset.asset_type}/${asset.name}`, splitOfKnown(asset)]));
  expect(byKey).toEqual(assetsAsScraped(hours));
}

/** How long after each whole minute a cluster is scraped. */
type ScrapeOffsetsMs = Readonly<Record<ProfileName, number>>;

/**
 * A day of both sample clusters, from remote_write through a real store, pod by pod against their own books: against what
 * scrapes can know of it to the nano, and, where they are on the whole minute, against what was really used.
 */
export function describePods(store: StoreKind, offsetsMs: ScrapeOffsetsMs): void {
  let platform: Platform;
  let tenants: readonly Tenant[];
  const dayStartMs = floorTo(dayMs, Date.now() - aroundMs) - dayMs;
  const hours = Array.from({ length: 24 }, (_, index) => dayStartMs + index * hourMs);

  const truthOf = ({ cluster }: Tenant, startMs: number): PodTruth => ({
    cluster,
    window: { startMs, endMs: startMs + hourMs },
  });
  const isOnTheMinute = ({ scrapeOffsetMs }: Tenant): boolean => scrapeOffsetMs === 0;
  const scrapedBookOf = ({ cluster, scrapeOffsetMs: offsetMs = 0 }: Tenant): ScrapedBook =>
    cluster.bookAsScraped({ intervalMs: minuteMs, offsetMs });
  const readHour = ({ accountId }: Tenant, startMs: number): Promise<KubecostAllocations> =>
    platform.metroculus.getKubecostAllocations({
      cloudAccountId: accountId,
      startSeconds: startMs / 1000,
      endSeconds: (startMs + hourMs) / 1000,
    });

  beforeAll(async () => {
    platform = await startPlatform(store);
    const tenantOf = async (profile: ProfileName): Promise<Tenant> => {
      return { ...(await platform.createTenant(profile, profile)), scrapeOffsetMs: offsetsMs[profile] };
    };
    tenants = [await tenantOf('shop'), await tenantOf('research')];
    await pushPast(platform, tenants, dayStartMs - aroundMs, dayStartMs + dayMs + aroundMs);
    for (const tenant of tenants) {
      await waitFor(async () => (await readHour(tenant, dayStartMs)).allocations.length > 0, {
        what: 'the first pods',
      });
    }
  }, startDeadlineMs);

  afterAll(() => platform.stop(), startDeadlineMs);

  it(
    'metroculus says of every hour of the day what the books say: containers, namespaces, nodes and the cluster',
    async () => {
      for (const tenant of tenants) {
        for (const startMs of hours) {
          const truth = truthOf(tenant, startMs);
          const hour = await readHour(tenant, startMs);
          expectHourAsScraped(scrapedBookOf(tenant).hour(startMs), startMs, hour);
          expect(hour.end).toMatchObject({ measured_seconds: 3600, expected_seconds: 3600 });
          if (!isOnTheMinute(tenant)) continue;
          expectContainersOfTheBooks(truth, hour);
          expectCostsOfTheBooks(truth, hour);
          expectSumsOfTheBooks(truth, hour);
        }
      }
    },
    startDeadlineMs,
  );

  it(
    'the API says the same of the day, from what the worker has stored',
    async () => {
      for (const tenant of tenants) {
        await backfill(tenant, dayStartMs, dayStartMs + dayMs);
        const book = scrapedBookOf(tenant);
        await expectDayAsScraped(
          tenant,
          dayStartMs,
          hours.map((startMs) => book.hour(startMs)),
        );
        if (!isOnTheMinute(tenant)) continue;
        const truths = hours.map((startMs) => truthOf(tenant, startMs));
        const { total } = await tenant.client.getClusterCosts({
          params: { cluster_id: tenant.accountId },
          query: { start_time: dayStartMs / 1000, end_time: (dayStartMs + dayMs) / 1000, money: 'string' },
        });
        for (const [aggregate, by] of [
          ['namespace', 'namespace'],
          ['namespace,pod,container', 'container'],
        ] as const) {
          const answer = await dayBy(tenant, dayStartMs, aggregate);
          const rows = new Map(answer.rows.map((row) => [row.name, row]));
          const groups = groupsOf(truths, by);
          // Of these the books are met to the nano.
          const exact = [...groups.values()].filter(({ toleranceNanos }) => toleranceNanos.cpu === 0);
          expect(exact.length).toBeGreaterThan(2);
          for (const [name, truth] of groups) {
            const row = rows.get(name);
            const costs = {
              cpu: nanos(row?.cpu_cost ?? null),
              ram: nanos(row?.ram_cost ?? null),
              gpu: nanos(row?.gpu_cost ?? null),
            };
            expectGroup(name, costs, truth);
          }
          // Every grouping adds up to the same, which is what the cluster costs without any.
          expect(sumNanos(answer.rows.map((row) => nanos(row.total_cost)))).toBe(splitOf(total).total);
          expect(answer.total.total_cost).toBe(total.total_cost);
          expect(answer.coverage).toBe(1);
        }
      }
    },
    startDeadlineMs,
  );
}
