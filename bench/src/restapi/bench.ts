import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { startPrometheus, startService } from '@cloudtuner/local-servers';
import { fill } from '../allocation/fill';
import { firstDay } from '../allocation/facts-sql';
import type { Size } from '../allocation/sizes';
import { load, machine } from '../machine';
import { cpuSeconds, residentMebibytes } from '../proc';
import { browseAll, type ClientsOptions } from './clients';
import { renderAnswered, renderQuarters } from './report';
import { renderRouteCosts } from './route-costs';
import { standDatabase, standSecret, startStand, type Stand } from './stand';

const secondsPerDay = 86_400;
const tag = { surface: 'bench', route: 'restapi' };
const days = 90;
const daysWithHours = 2;
const clients = 50;
const samplePeriodMs = 1_000;
const fillSeconds = 900;
const warmUpSeconds = 10;

export interface RestapiBenchOptions {
  readonly size: Size;
  /** Of the load. */
  readonly seconds: number;
  readonly pauseMs: number;
  /** CPU time of this process, which is the clients'. */
  readonly cpuMicroseconds: () => number;
  readonly say: (line: string) => void;
}

/** Nodes, disks and the like: a thousand of 10,000 pods. */
const assetsOf = ({ pods }: Size): number => Math.max(20, pods / 10);

/** What the worker writes when a day is closed: the sum of its assets. */
async function writeExpenses(client: ClickhouseClient, account: string, resource: string | null): Promise<void> {
  await client.command({
    sql: `INSERT INTO expenses SELECT cloud_account_id, {resource:String}, toDate(hour), sum(total_cost), 1 FROM asset_hours
          WHERE cloud_account_id = {account:UUID} GROUP BY cloud_account_id, toDate(hour)`,
    params: { account, resource },
    tag,
    tenant: account,
  });
}

async function fillStand(stand: Stand, { size, say }: RestapiBenchOptions): Promise<ClientsOptions['dashboard']> {
  const created = await stand.api.createCloudAccount({
    params: { organization_id: stand.organizationId },
    body: { name: 'production', type: 'kubernetes_cnr' },
  });
  const client = connectClickhouse({ ...stand.clickhouse, database: standDatabase, requestTimeoutMs: 600_000 });
  const filled = await fill(client, created.id, {
    size: { ...size, days, daysWithHours },
    untilMs: performance.now() + fillSeconds * 1_000,
    say,
    assets: assetsOf(size),
  });
  await writeExpenses(client, created.id, created.cluster_resource_id);
  await client.close();
  if (filled.days < days) throw new Error(`only ${String(filled.days)} days were written in time`);
  const until = firstDay + days * secondsPerDay;
  return { organizationId: stand.organizationId, clusterId: created.id, namespace: 'team-1', until };
}

/** Lets 50 people look at dashboards of a large cluster, and returns the report. */
export async function benchRestapi(options: RestapiBenchOptions): Promise<string> {
  // Usage is asked for and answered, of a store without samples: ninety days of those are another benchmark.
  const store = await startPrometheus({ storeReceiver: true });
  const metroculus = await startService('metroculus', {
    CLUSTER_SECRET: standSecret,
    METRICS_QUERY_URL: store.queryUrl,
  });
  try {
    return await benchWith(metroculus.url, options);
  } finally {
    await metroculus.stop();
    await store.stop();
  }
}

async function benchWith(metroculusUrl: string, options: RestapiBenchOptions): Promise<string> {
  const loadBefore = load();
  const stand = await startStand({
    RATE_LIMIT_TOKEN_UNITS: '100000000',
    RATE_LIMIT_ORGANIZATION_UNITS: '100000000',
    METROCULUS_URL: metroculusUrl,
  });
  try {
    const dashboard = await fillStand(stand, options);
    const { baseUrl, token } = { baseUrl: stand.restapi.url, token: stand.token };
    const asked = { baseUrl, token, clients, pauseMs: options.pauseMs, dashboard };
    const pids = { restapi: stand.restapi.pid, ClickHouse: stand.clickhousePid };
    options.say('asking one after the other');
    const routeCosts = await renderRouteCosts({ baseUrl, token, dashboard, pids });
    options.say('warming up');
    await browseAll({ ...asked, seconds: warmUpSeconds });
    options.say('measuring');
    const processes = Object.entries(pids).map(([name, pid]) => {
      const samples: number[] = [];
      return { name, pid, cpuBefore: cpuSeconds(pid), samples };
    });
    const sampler = setInterval(() => {
      for (const { pid, samples } of processes) samples.push(residentMebibytes(pid, 'VmRSS'));
    }, samplePeriodMs);
    const ownBefore = options.cpuMicroseconds();
    const answered = await browseAll({ ...asked, seconds: options.seconds }).finally(() => {
      clearInterval(sampler);
    });
    const ownSeconds = (options.cpuMicroseconds() - ownBefore) / 1e6;
    const rate = answered.length / options.seconds;
    const perRequest = (seconds: number): string => `${((seconds * 1_000) / answered.length).toFixed(1)} ms`;
    return [
      `size ${options.size.name}: ${options.size.pods.toLocaleString('en')} pods × ${String(days)} days, ${String(assetsOf(options.size))} assets; ${String(clients)} clients, mean pause ${String(options.pauseMs)} ms, ${String(options.seconds)} s`,
      `machine: ${machine()}; load average ${loadBefore} before, ${load()} after; ${rate.toFixed(1)} requests/s`,
      '',
      routeCosts,
      '',
      renderAnswered(answered),
      '',
      ...processes.map(
        ({ name, pid, cpuBefore, samples }) =>
          `${name}: ${perRequest(cpuSeconds(pid) - cpuBefore)} of CPU per request; resident by quarters of the time, at most: ${renderQuarters(samples)} MiB`,
      ),
      `the clients: ${perRequest(ownSeconds)} of CPU per request`,
    ].join('\n');
  } finally {
    await stand.stop();
  }
}
