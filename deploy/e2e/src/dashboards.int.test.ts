import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { startKubecostServer } from '@cloudtuner/kubecost-server';
import {
  freePort,
  startPrometheus,
  startService,
  workspaceRoot,
  type PrometheusServer,
} from '@cloudtuner/local-servers';
import { createProducer, extractAllocation } from '@cloudtuner/queues';
import { createRemoteWriteClient } from '@cloudtuner/remote-write';
import { startExporter } from '@cloudtuner/sample-cluster';
import { waitFor } from '@cloudtuner/test-kit';
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

const startDeadlineMs = 600_000;
// What Kubecost says of an hour is scraped twice, and read with the refresh of the running hour, once a minute.
const patienceMs = 300_000;

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
/** A query of a panel, and where it comes from. */
interface PanelQuery {
  readonly panel: string;
  readonly query: string;
}

let platform: Platform;
let tenant: Tenant;
/** Has an account, and has not sent anything. */
let newcomer: Tenant;
/** Watches the services and stores, as the operator's does. */
let operators: PrometheusServer;
/** Scrapes the sample cluster and itself, and sends, as the customer's does. */
let customers: PrometheusServer;

function queriesIn(folder: string): PanelQuery[] {
  const dashboards = path.join(workspaceRoot(), folder);
  return readdirSync(dashboards).flatMap((file) => {
    const { panels } = JSON.parse(readFileSync(path.join(dashboards, file), 'utf8')) as { panels: readonly Panel[] };
    return panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({
        panel: `${file}: ${title}`,
        // What Grafana puts in: four scrapes, and every instance.
        query: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
      })),
    );
  });
}

async function hasData({ queryUrl }: PrometheusServer, query: string): Promise<boolean> {
  const answer = await fetch(`${queryUrl}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
  const { data, error } = (await answer.json()) as { data?: { result: { value: [number, string] }[] }; error?: string };
  if (data === undefined) throw new Error(`${query}: ${String(error)}`);
  return data.result.some(({ value: [, value] }) => value !== 'NaN');
}

/** The queries that show nothing, even after some time. */
async function emptyOf(prometheus: PrometheusServer, queries: readonly PanelQuery[]): Promise<PanelQuery[]> {
  let empty = [...queries];
  const look = async (): Promise<boolean> => {
    const still: PanelQuery[] = [];
    for (const each of empty) if (!(await hasData(prometheus, each.query))) still.push(each);
    empty = still;
    return empty.length === 0;
  };
  await waitFor(look, { what: 'data in every panel', timeoutMs: patienceMs, intervalMs: 2_000 }).catch(() => undefined);
  return empty;
}

/** What goes wrong in every installation, so that the panels of it have something to show. */
async function writeBadly(): Promise<void> {
  const url = `${platform.services.diproxy.url}/storage/api/v2/write`;
  const { write_username: username, write_password: password } = tenant.account;
  await fetch(url, { method: 'POST', headers: { Authorization: 'Basic bm86Ym9keQ==' }, body: '' });
  const client = createRemoteWriteClient({ url, username, password });
  const nowMs = Date.now();
  const named = (name: string, ...labels: { name: string; value: string }[]) => [
    { name: '__name__', value: name },
    ...labels,
  ];
  const series = [
    {
      labels: named('kubecost_renamed', { name: 'tenant_id', value: 'x' }),
      samples: [{ value: 1, timestampMs: nowMs }],
    },
    { labels: named('kubecost_far_future'), samples: [{ value: 1, timestampMs: nowMs + dayMs }] },
    { labels: [{ name: 'no', value: 'name' }], samples: [{ value: 1, timestampMs: nowMs }] },
  ];
  for (const each of series) await client.push({ timeseries: [each] }).catch(() => undefined);
  await client.close();
}

/** What people ask. Costs of a cluster that sent nothing yet are looked for in the store of metrics each time. */
async function askForCosts(): Promise<void> {
  const absent = randomUUID();
  await Promise.allSettled([
    tenant.client.getClusterCosts({
      params: { cluster_id: tenant.accountId },
      query: { window: 'today', aggregate: 'namespace' },
    }),
    tenant.client.getClusterMetrics({
      params: { cluster_id: tenant.accountId },
      query: { window: '1h', metric: 'cpu' },
    }),
    newcomer.client.getClusterCosts({ params: { cluster_id: newcomer.accountId }, query: { window: '1h' } }),
    tenant.client.getClusterCosts({ params: { cluster_id: absent }, query: { window: '1h' } }),
  ]);
}

/** A Kubecost that may be asked directly, and whose figures the cluster's Prometheus sends. @returns where these are scraped */
async function addKubecost(): Promise<string> {
  const { running } = platform;
  const kubecost = await startKubecostServer({ cluster: tenant.cluster, product: 'kubecost' });
  running.add({ name: 'kubecost', stop: () => kubecost.stop() });
  const exporter = running.add(
    await startService('allocation-exporter', {
      ...{ KUBECOST_URL: kubecost.url, POLL_INTERVAL_SECONDS: '5', STALE_AFTER_SECONDS: '60' },
      ...{ CLOSED_HOUR_SETTLE_SECONDS: '0', CLOSED_HOUR_LOOKBACK_HOURS: '1', CLOSED_HOUR_DWELL_SECONDS: '30' },
    }),
  );
  await tenant.client.updateCloudAccount({
    params: { cloud_account_id: tenant.accountId },
    body: { kubecost_endpoint: kubecost.url },
  });
  return new URL(exporter.url).host;
}

beforeAll(async () => {
  platform = await startPlatform('thanos', {
    ...{ KUBECOST_ENDPOINT_ALLOW: '127.0.0.1=*', KUBECOST_ENDPOINT_DENY: '169.254.0.0/16' },
    EXTRACT_LOOKBACK_HOURS: '2',
  });
  const { services, servers, running } = platform;
  tenant = await platform.createTenant('shop', 'shop');
  newcomer = await platform.createTenant('newcomer', 'shop');
  const jobs = Object.entries({ ...services }).map(([job, service]) => ({
    job,
    targets: [`127.0.0.1:${String(service.adminPort)}`],
  }));
  operators = running.add(
    await startPrometheus({
      name: 'operators',
      scrapeIntervalSeconds: 2,
      scrape: [...jobs, { job: 'thanos', targets: servers.store.metricsTargets }],
    }),
  );
  await pushPast(platform, [tenant], floorTo(dayMs, Date.now()) - dayMs, floorTo(minuteMs, Date.now()));
  await backfill(tenant, floorTo(dayMs, Date.now()) - dayMs, floorTo(hourMs, Date.now()));

  const exporter = await startExporter({ cluster: tenant.cluster, host: '127.0.0.1', port: 0 });
  running.add({ name: 'exporter', stop: () => exporter.stop() });
  const figures = await addKubecost();
  const port = await freePort();
  const { write_username: username, write_password: password } = tenant.account;
  customers = running.add(
    await startPrometheus({
      name: 'customers',
      port,
      scrapeIntervalSeconds: 5,
      scrape: [
        { job: 'cluster', targets: [`127.0.0.1:${String(exporter.port)}`], honorLabels: true },
        { job: 'allocation-exporter', targets: [figures], honorLabels: true },
        { job: 'prometheus', targets: [`127.0.0.1:${String(port)}`] },
      ],
      remoteWrite: [{ url: `${services.diproxy.url}/storage/api/v2/write`, username, password }],
    }),
  );
  await writeBadly();
}, startDeadlineMs);
afterAll(() => platform.stop(), startDeadlineMs);

it(
  'every panel of the operator shows something of a running installation',
  async () => {
    const queries = queriesIn('helm/cloudtuner/files/dashboards');
    expect(queries.length).toBeGreaterThan(40);
    const jobs = createProducer(extractAllocation, {
      ...{ redisUrl: platform.servers.redis.url, prefix: 'cloudtuner' },
    });
    // Its schedule is once an hour; the worker knows of a new endpoint some seconds later.
    const extract = () => jobs.enqueue({ cloudAccountId: tenant.accountId });
    const using = setInterval(() => void Promise.all([writeBadly(), askForCosts(), extract()]), 5_000);
    try {
      expect(await emptyOf(operators, queries)).toEqual([]);
    } finally {
      clearInterval(using);
      await jobs.close();
    }
  },
  startDeadlineMs,
);

it(
  'every panel of a customer shows something of the cluster',
  async () => {
    const queries = queriesIn('helm/kubecost-integration/files/dashboards');
    expect(queries.length).toBeGreaterThan(10);
    expect(await emptyOf(customers, queries)).toEqual([]);
  },
  startDeadlineMs,
);
