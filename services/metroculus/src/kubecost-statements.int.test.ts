import { randomTenant, sharedServers, waitFor } from '@cloudtuner/test-kit';
import { startMetroculus, type Metroculus } from './testing/metroculus-harness';
import { pushSeries, type Labels, type PushedSeries } from './testing/sample-store';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
// Three ended hours back; what is said is said in the second.
const saidHourMs = Math.floor(Date.now() / hourMs) * hourMs - 2 * hourMs;
const [earlierMs, latestMs] = [saidHourMs - 2 * hourMs, saidHourMs - hourMs];
const at = (minutes: number): number => saidHourMs + minutes * minuteMs;

/** What the closed window showed at a scrape: of which hour, and the CPU cost of each pod. */
interface Scrape {
  readonly atMs: number;
  readonly hourMs: number;
  readonly pods: Readonly<Record<string, number>>;
  /** What the exporter counted, if that is not what arrived. */
  readonly rows?: number;
}

const scrapes: readonly Scrape[] = [
  { atMs: at(6), hourMs: latestMs, pods: { a: 1.5, b: 0.25 } },
  { atMs: at(7), hourMs: latestMs, pods: { a: 1.5, b: 0.25 } },
  { atMs: at(20), hourMs: earlierMs, pods: { a: 3 } },
  { atMs: at(40), hourMs: latestMs, pods: { a: 1.25 } },
  // Cut: the exporter had two rows.
  { atMs: at(41), hourMs: latestMs, pods: { a: 9 }, rows: 2 },
];

function seriesOf(): PushedSeries[] {
  const byKey = new Map<string, { labels: Labels; samples: [number, number][] }>();
  const add = (labels: Labels, timestampMs: number, value: number): void => {
    const key = JSON.stringify(labels);
    const series = byKey.get(key) ?? { labels, samples: [] };
    byKey.set(key, series);
    series.samples.push([timestampMs, value]);
  };
  for (const { atMs, hourMs: startMs, pods, rows } of scrapes) {
    for (const window of ['closed', 'running']) {
      // The running window has another hour and other costs, which must not be taken.
      const start = window === 'closed' ? startMs : saidHourMs;
      const cost = Object.values(pods).reduce((sum, value) => sum + value, 0);
      add({ __name__: 'kubecost_allocation_window_start_seconds', window }, atMs, start / 1000);
      add({ __name__: 'kubecost_allocation_window_rows', window }, atMs, rows ?? Object.keys(pods).length);
      add({ __name__: 'kubecost_allocation_window_cost', window }, atMs, cost);
      for (const [pod, value] of Object.entries(pods)) {
        const container = { cluster_id: 'c', namespace: 'shop', pod, container: 'web', node: 'n', window };
        add({ __name__: 'kubecost_allocation_minutes', ...container }, atMs, 60);
        add({ __name__: 'kubecost_allocation_cpu_core_hours', ...container }, atMs, 2 * value);
        add({ __name__: 'kubecost_allocation_cost', ...container, resource: 'cpu' }, atMs, value);
      }
    }
  }
  return [...byKey.values()];
}

describe.each(['prometheus', 'thanos'] as const)('what Kubecost said, from %s', (kind) => {
  const [tenant, other] = [randomTenant(), randomTenant()];
  let metroculus: Metroculus;

  beforeAll(async () => {
    const store = await sharedServers()[kind]();
    metroculus = await startMetroculus({ queryUrl: store.queryUrl });
    await pushSeries(store, tenant, seriesOf());
    await waitFor(async () => (await statements(tenant)).length === 2);
  }, 60_000);
  afterAll(() => metroculus.stop());

  const statements = async (cloudAccountId: string) => {
    const window = { startSeconds: saidHourMs / 1000, endSeconds: saidHourMs / 1000 + 3_600 };
    return (await metroculus.client.getKubecostStatements({ cloudAccountId, ...window })).statements;
  };
  const figures = (startMs: number, saidAtMs: number, cloudAccountId = tenant) =>
    metroculus.client.getKubecostFigures({ cloudAccountId, hourSeconds: startMs / 1000, saidAtMs });

  it('is listed by hour with the scrapes of it, latest first; of this tenant alone', async () => {
    expect(await statements(tenant)).toEqual([
      { hour: earlierMs / 1000, said_at_ms: [at(20)] },
      { hour: latestMs / 1000, said_at_ms: [at(41), at(40), at(7), at(6)] },
    ]);
    expect(await statements(other)).toEqual([]);
  });

  it('is what one scrape showed of the hour, whole', async () => {
    const first = await figures(latestMs, at(7));
    expect(first.end.whole).toBe(true);
    expect(first.rows.map(({ pod, cpu_cost, cpu_core_hours }) => [pod, cpu_cost, cpu_core_hours])).toEqual([
      ['a', '1.500000000', 3],
      ['b', '0.250000000', 0.5],
    ]);
    expect((await figures(latestMs, at(6))).end.sha256).toBe(first.end.sha256);
    expect((await figures(latestMs, at(40))).rows.map(({ pod, cpu_cost }) => [pod, cpu_cost])).toEqual([
      ['a', '1.250000000'],
    ]);
  });

  it('is nothing where the scrape is cut, of another hour, or of another tenant', async () => {
    for (const none of [figures(latestMs, at(41)), figures(earlierMs, at(7)), figures(latestMs, at(7), other)])
      expect((await none).end).toMatchObject({ whole: false, rows: 0 });
  });

  it.each([
    ['kubecost_statements', { start_date: 0, end_date: 7_201 }],
    ['kubecost_statements', { start_date: 10, end_date: 10 }],
    ['kubecost_figures', { hour: 1, said_at_ms: 1 }],
    ['kubecost_figures', { hour: 3_600, said_at_ms: '1e3' }],
    ['kubecost_figures', { hour: 3_600 }],
  ])('%s refuses %j', async (path, parameters) => {
    const query = new URLSearchParams({ cloud_account_id: tenant });
    for (const [name, value] of Object.entries(parameters)) query.set(name, String(value));
    const answer = await metroculus.get(`/metroculus/v2/${path}?${query.toString()}`);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, 'invalid-request']);
  });
});
