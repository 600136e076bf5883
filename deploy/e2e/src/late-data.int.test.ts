import { waitFor } from '@cloudtuner/test-kit';
import { backfill, floorTo, hourMs, minuteMs, pushPast, startPlatform, type Platform, type Tenant } from './platform';

/**
 * A sender is cut off for 90 minutes over the ends of two hours and sends what it missed when it comes back. What the API then
 * says is what it says of a sender that never was away.
 */

const startDeadlineMs = 600_000;
const correctedWithinMs = 300_000;
const aroundMs = 10 * minuteMs;

describe('a sender that comes back after 90 minutes', () => {
  let platform: Platform;
  let late: Tenant;
  let steady: Tenant;
  // Three hours, all of them closed by the worker's clock: the cut is from 00:30 to 02:00 and 15 minutes more or less.
  const endMs = floorTo(hourMs, Date.now() - 2 * aroundMs);
  const startMs = endMs - 3 * hourMs;
  const cut = { startMs: startMs + 45 * minuteMs, endMs: startMs + 135 * minuteMs };

  const costs = ({ client, accountId }: Tenant, aggregate?: string) =>
    client.getClusterCosts({
      params: { cluster_id: accountId },
      query: {
        start_time: startMs / 1000,
        end_time: endMs / 1000,
        step: '1h',
        money: 'string',
        ...(aggregate === undefined ? {} : { aggregate, idle: 'true', limit: 1000 }),
      },
    });

  beforeAll(async () => {
    platform = await startPlatform('thanos');
    // The same cluster twice: what it costs depends on its profile and seed only.
    late = await platform.createTenant('late', 'shop');
    steady = await platform.createTenant('steady', 'shop');
    await pushPast(platform, [steady], startMs - aroundMs, endMs + aroundMs);
    await pushPast(platform, [late], startMs - aroundMs, cut.startMs);
    await pushPast(platform, [late], cut.endMs, endMs + aroundMs);
    for (const tenant of [late, steady]) await backfill(tenant, startMs, endMs);
  }, startDeadlineMs);

  afterAll(() => platform.stop(), startDeadlineMs);

  it(
    'is charged for what it sent and marked incomplete, and within 5 minutes of its return for all of it',
    async () => {
      const expected = await costs(steady);
      expect(expected).toMatchObject({ coverage: 1 });
      const incomplete = await costs(late);
      // 14 of 60 minutes, none, 45 of 60: a last sample does not extend, and the first one of an hour is at its start.
      expect(incomplete.costs.map(({ coverage }) => coverage)).toEqual([44 / 60, 0, 45 / 60]);
      expect(incomplete.costs.map(({ partial }) => partial)).toEqual([true, true, true]);
      expect(incomplete.flags).toContain('coverage-gap');

      // In order, behind samples that the store has had for a long time.
      await pushPast(platform, [late], cut.startMs, cut.endMs);
      await waitFor(async () => (await costs(late)).costs.every(({ coverage }) => coverage === 1), {
        what: 'the hours to be corrected',
        timeoutMs: correctedWithinMs,
        intervalMs: 1_000,
      });

      const parts = ({ costs: hours, total, flags }: typeof expected) => ({
        hours: hours.map(({ data_version: _version, ...hour }) => hour),
        total: { ...total, data_version: undefined },
        flags,
      });
      expect(parts(await costs(late))).toEqual(parts(expected));
      for (const aggregate of ['namespace', 'namespace,pod']) {
        const [corrected, truth] = [await costs(late, aggregate), await costs(steady, aggregate)];
        const amounts = (rows: typeof truth.rows = []) =>
          rows.map(({ start, name, total_cost }) => [start, name, total_cost]);
        expect(amounts(corrected.rows)).toEqual(amounts(truth.rows));
        expect(truth.rows?.length).toBeGreaterThan(0);
      }
    },
    startDeadlineMs,
  );
});
