import {
  allocateHour,
  bridgedGapMs,
  costComponents,
  parseNanos,
  sumKnownNanos,
  sumNanos,
  type AllocatedHour,
} from '@cloudtuner/cost-model';
import type { StoreKind } from '@cloudtuner/launcher';
import { waitFor } from '@cloudtuner/test-kit';
import fc from 'fast-check';
import { floorTo, hourMs } from '../platform';
import {
  delays,
  divide,
  history,
  historyHours,
  samplesBetween,
  seriesAt,
  type GeneratedHistory,
} from './generated-history';
import {
  expectedContainer,
  expectedCosts,
  expectedFlags,
  knownInputs,
  measuredMinutes,
  scrapesOf,
} from './known-inputs';
import { eachHour, LawRig, type Hours, type LawAccount } from './law-rig';

const deadlineMs = 600_000;
const healedWithinMs = 120_000;
const allRows = 'node,namespace,pod,container';

/** How many clusters a property is tried with at once: starting and waiting take its time, not their number. */
const clustersAtOnce = 4;

type Amount = number | string | null | undefined;

const exact = (amount: Amount): bigint | null =>
  amount === null || amount === undefined ? null : parseNanos(String(amount));

/** Rows of two clusters with the same samples differ in the cluster's name only. */
function withoutCluster(rows: Awaited<ReturnType<LawRig['costs']>>['rows'] = []) {
  return rows.map((row) => ({ ...row, properties: { ...row.properties, cluster: undefined } }));
}

/** A property of some clusters at once: starting them is what takes its time. A counterexample is made smaller for a while. */
async function holds<T>(one: fc.Arbitrary<T>, runs: number, check: (all: T[]) => Promise<void>) {
  await fc.assert(fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: clustersAtOnce, size: 'max' }), check), {
    numRuns: runs,
    interruptAfterTimeLimit: deadlineMs / 2,
    markInterruptAsFailure: true,
  });
}

/** Laws 1, 3, 4 and 6 over generated clusters, from remote_write through a real store to what the API answers. */
export function describeLaws(store: StoreKind, runs: number): void {
  let rig: LawRig;
  // Closed by the worker's clock, and older than what the API computes by itself.
  const startMs = floorTo(hourMs, Date.now()) - 6 * hourMs;
  const hours: Hours = { startMs, endMs: startMs + historyHours * hourMs };

  beforeAll(async () => {
    rig = await LawRig.start(store);
  }, deadlineMs);
  afterAll(() => rig.stop(), deadlineMs);

  /** Sends histories, each to a cluster of its own. */
  async function sent(histories: readonly GeneratedHistory[]): Promise<LawAccount[]> {
    const accounts = await Promise.all(histories.map(() => rig.account()));
    const pushes = accounts.map((account, index) => ({ account, series: seriesAt(histories[index] ?? [], startMs) }));
    await rig.push(pushes, hours);
    return accounts;
  }

  /** What the samples of an hour, and of five minutes around it, come to without any store. */
  const inMemory = (generated: GeneratedHistory, window: Hours): AllocatedHour =>
    allocateHour({
      window,
      series: samplesBetween(seriesAt(generated, startMs), window.startMs - bridgedGapMs, window.endMs + bridgedGapMs),
    });

  async function expectConserved(account: LawAccount, generated: GeneratedHistory): Promise<void> {
    const byHour = await rig.costs(account, hours);
    const grouped = await rig.costs(account, hours, allRows);
    for (const [index, window] of eachHour(hours).entries()) {
      const truth = inMemory(generated, window);
      const rows = (grouped.rows ?? []).filter(({ start }) => start * 1000 === window.startMs);
      const { total_cost: assetsTotal, assets } = await rig.assets(account, window);
      for (const component of [...costComponents, 'total_cost'] as const) {
        const allocated = sumNanos(rows.map((row) => exact(row[component]) ?? 0n));
        const ofAssets = sumKnownNanos(assets.map((asset) => exact(asset[component])));
        const ofSamples = sumNanos(truth.assets.map((fact) => exact(fact[component]) ?? 0n));
        expect([component, allocated]).toEqual([component, ofAssets ?? 0n]);
        expect([component, exact(byHour.costs[index]?.[component]) ?? 0n]).toEqual([component, ofAssets ?? 0n]);
        // Nothing was lost on the way: it is what the samples come to without any store.
        expect([component, allocated]).toEqual([component, ofSamples]);
      }
      expect(exact(assetsTotal) ?? 0n).toBe(sumNanos(assets.map((asset) => exact(asset.total_cost) ?? 0n)));
      const isNegative = truth.allocations.some((row) => row.flags.includes('negative-idle'));
      const told = rows.some(({ flags }) => flags.includes('negative-idle'));
      expect(['negative idle is told', told]).toEqual(['negative idle is told', isNegative]);
    }
  }

  it(
    'law 1: allocations + idle + unattributed are the assets, of every hour and resource, to the nano',
    () =>
      holds(history, runs, async (histories) => {
        const accounts = await sent(histories);
        await Promise.all(accounts.map((account) => rig.backfill(account, hours)));
        for (const [index, account] of accounts.entries()) await expectConserved(account, histories[index] ?? []);
      }),
    deadlineMs,
  );

  it(
    'law 3: the same samples give the same bytes, in whatever order and however often hours are computed, and whoever is killed',
    () => {
      const order = fc.array(fc.constantFrom(...eachHour(hours), hours), { minLength: 1, maxLength: 4 });
      const rerun = fc.record({ generated: history, order, killAfterMs: fc.integer({ min: 0, max: 400 }) });
      return holds(rerun, runs, async (all) => {
        const histories = all.map(({ generated }) => generated);
        const [once, often] = [await sent(histories), await sent(histories)];
        await Promise.all(once.map((account) => rig.backfill(account, hours)));
        const expected = await Promise.all(once.map((account) => rig.stored(account, hours)));

        const jobs = often.flatMap((account, index) =>
          (all[index]?.order ?? []).map((some) => rig.backfill(account, some)),
        );
        const killed = new Promise((resolve) => setTimeout(resolve, all[0]?.killAfterMs)).then(() => rig.killWorker());
        await Promise.all([...jobs, killed]);
        await Promise.all(often.map((account) => rig.backfill(account, hours)));
        expect(await Promise.all(often.map((account) => rig.stored(account, hours)))).toEqual(expected);
        for (const [index, stored] of expected.entries()) {
          expect(stored.hours).toHaveLength(historyHours);
          const truth = eachHour(hours).map((window) => inMemory(histories[index] ?? [], window));
          // Whole hours: as many rows as there are, not a part of them.
          expect(stored.allocations).toHaveLength(truth.flatMap(({ allocations }) => allocations).length);
          expect(stored.assets).toHaveLength(truth.flatMap(({ assets }) => assets).length);
        }
      });
    },
    deadlineMs,
  );

  it(
    'law 4: whatever came late, the hours become what they are of a sender that was in time, by themselves, and answers name the data they are of',
    () =>
      holds(fc.record({ generated: history, held: delays }), runs, async (all) => {
        const parts = all.map(({ generated, held }) => divide(generated, held));
        const inTime = await sent(all.map(({ generated }) => generated));
        const late = await sent(parts.map(({ early }) => early));
        await Promise.all([...inTime, ...late].map((account) => rig.backfill(account, hours)));
        const before = await Promise.all(late.map((account) => rig.costs(account, hours, 'namespace,pod')));

        await rig.push(
          late.map((account, index) => ({ account, series: seriesAt(parts[index]?.late ?? [], startMs) })),
          hours,
        );
        for (const [index, account] of late.entries()) {
          const steady = inTime[index];
          if (steady === undefined) throw new Error('a twin is missing');
          const expected = await rig.stored(steady, hours);
          const answer = (of: LawAccount) => rig.costs(of, hours, 'namespace,pod');
          const truth = await answer(steady);
          await waitFor(async () => (await answer(account)).data_version === truth.data_version, {
            what: `hours to become ${JSON.stringify(truth.costs)}`,
            timeoutMs: healedWithinMs,
            intervalMs: 250,
          });
          expect(await rig.stored(account, hours)).toEqual(expected);
          const healed = await answer(account);
          expect(withoutCluster(healed.rows)).toEqual(withoutCluster(truth.rows));
          // The same version is the same answer.
          const isChanged = JSON.stringify(before[index]?.rows) !== JSON.stringify(healed.rows);
          expect(isChanged && before[index]?.data_version === healed.data_version).toBe(false);
        }
      }),
    deadlineMs,
  );

  it(
    'law 6: what is not known is null with its coverage and its flag, never 0, and what is known is exact',
    () =>
      holds(knownInputs, runs, async (all) => {
        const accounts = await Promise.all(all.map(() => rig.account()));
        const pushes = accounts.map((account, index) => {
          const inputs = all[index];
          return { account, series: inputs === undefined ? [] : scrapesOf(inputs, startMs) };
        });
        await rig.push(pushes, hours);
        await Promise.all(accounts.map((account) => rig.backfill(account, hours)));
        for (const [index, inputs] of all.entries()) {
          const account = accounts[index];
          if (account === undefined) throw new Error('an account is missing');
          const byHour = await rig.costs(account, hours);
          const grouped = await rig.costs(account, hours, 'namespace,pod,container');
          for (const [hour, window] of eachHour(hours).entries()) {
            const bucket = byHour.costs[hour];
            const { network_cost: network, ...expected } = expectedCosts(inputs, hour);
            for (const [component, nanos] of Object.entries(expected)) {
              expect([hour, component, exact(bucket?.[component as keyof typeof expected])]).toEqual([
                hour,
                component,
                nanos,
              ]);
            }
            if (network !== 'unclear') expect([hour, exact(bucket?.network_cost)]).toEqual([hour, network]);
            const known = Object.values(expected);
            if (network !== 'unclear') expect(exact(bucket?.total_cost)).toBe(sumKnownNanos([...known, network]));
            const { cpu_cost: cpu, ram_cost: ram, gpu_cost: gpu } = expected;
            const isCharged = cpu !== null || ram !== null || gpu !== null;
            expect([hour, bucket?.coverage]).toEqual([hour, isCharged ? measuredMinutes(inputs, hour) / 60 : 0]);
            const container = grouped.rows?.find(
              ({ start, name }) => start * 1000 === window.startMs && name === 'shop/p/c',
            );
            expect({
              hour,
              cpu_cost: exact(container?.cpu_cost),
              ram_cost: exact(container?.ram_cost),
              usage: container?.quantities.ram_byte_usage_hours ?? null,
            }).toEqual({
              hour,
              ...expectedContainer(inputs, hour),
              usage: inputs.isUsageMeasured && container !== undefined ? (expect.any(Number) as unknown) : null,
            });
          }
          for (const [flag, isExpected] of Object.entries(expectedFlags(inputs))) {
            expect([flag, byHour.flags.includes(flag)]).toEqual([flag, isExpected]);
          }
        }
      }),
    deadlineMs,
  );
}
