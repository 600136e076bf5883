import { randomUUID } from 'node:crypto';
import { connectMetadata } from '@cloudtuner/metadata';
import {
  randomDatabase,
  startMongo,
  startPrometheus,
  startService,
  startThanos,
  waitFor,
  type LocalServer,
  type LocalService,
  type PrometheusServer,
} from '@cloudtuner/test-kit';
import { StopStack } from '@cloudtuner/launcher';
import { startBalancer } from './balancer';
import { startFaultProxy, type FaultProxy } from './fault-proxy';
import { metricName, seriesCount, startScrapeTarget } from './scrape-target';

/** `prometheus` is 2.x, which reads Remote Write 1.0 only; `prometheus3` reads 2.0. */
export type RigStore = 'thanos' | 'prometheus' | 'prometheus3';
export type ProtocolVersion = '1.0' | '2.0';

const scrapeIntervalSeconds = 0.25;
const messages: Readonly<Record<ProtocolVersion, string>> = {
  '1.0': 'prometheus.WriteRequest',
  '2.0': 'io.prometheus.write.v2.Request',
};

/** Every sample of every series: `series → "timestamp value"`. */
type Samples = ReadonlyMap<string, readonly string[]>;

/** A real Prometheus that scrapes and pushes: balancer → two gateways → fault proxy → store. */
export interface Rig {
  readonly mongodb: LocalServer;
  readonly gateways: readonly [LocalService, LocalService];
  /** What takes the writes. */
  readonly store: LocalServer;
  readonly faults: FaultProxy;
  /** A counter of the sender's remote storage, summed over its queues. */
  senderMetric(name: string): Promise<number>;
  /** A metric of the gateways, summed over both; 0 when it is not there. */
  gatewayMetric(sample: string): Promise<number>;
  /** Resolves when the sender has pushed anew: something scraped after the call is in the store. */
  untilFlowing(): Promise<void>;
  /**
   * Resolves when every sample that the sender has scraped so far is in the store, once and with its value.
   *
   * @throws Error with the first differences when that does not come about.
   */
  untilEverythingArrived(): Promise<{ samples: number }>;
  stop(): Promise<void>;
}

async function samplesOf(queryUrl: string, selector: string, atMs: number): Promise<Samples> {
  const query = new URLSearchParams({ query: `${selector}[1h]`, time: String(atMs / 1000) });
  const response = await fetch(`${queryUrl}/api/v1/query?${query.toString()}`);
  const answer = (await response.json()) as {
    data?: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  return new Map(
    (answer.data?.result ?? []).map(({ metric, values }) => [
      metric['series'] ?? '',
      values.map(([seconds, value]) => `${String(seconds)} ${value}`),
    ]),
  );
}

/** Resolves when a sample is there that is newer than this. */
async function untilNewer(read: (atMs: number) => Promise<Samples>, thanMs: number): Promise<void> {
  await waitFor(
    async () => {
      const samples = (await read(Date.now())).get('0') ?? [];
      return Number(samples.at(-1)?.split(' ')[0] ?? 0) * 1000 > thanMs;
    },
    { what: 'new samples to be there', timeoutMs: 40_000, intervalMs: 200 },
  );
}

/** What the store has otherwise than the sender, in words. */
function differences(sent: Samples, stored: Samples): string[] {
  return [...sent].flatMap(([series, samples]) => {
    const there = stored.get(series) ?? [];
    if (there.join() === samples.join()) return [];
    const missing = samples.filter((sample) => !there.includes(sample));
    const extra = there.filter((sample) => !samples.includes(sample));
    return [
      `series ${series}: ${String(samples.length)} sent, ${String(there.length)} stored, ` +
        `missing ${missing.slice(0, 3).join(', ')}; not sent ${extra.slice(0, 3).join(', ')}`,
    ];
  });
}

async function createAccount(mongodbUrl: string, database: string): Promise<{ id: string; password: string }> {
  const metadata = connectMetadata({ url: mongodbUrl, database, appName: 'no-loss' });
  const account = { type: 'kubernetes_cnr', name: 'no-loss', region: null, owner: null } as const;
  const created = await metadata.cloudAccounts.create(randomUUID(), account);
  await metadata.close();
  return { id: created.account.id, password: created.password };
}

async function startStore(kind: RigStore, running: StopStack) {
  if (kind === 'thanos') {
    const { receive, writeUrl, queryUrl } = running.add(await startThanos());
    return { server: receive, writeUrl, queryUrl };
  }
  const prometheus = running.add(
    await startPrometheus({ name: 'prometheus-store', storeReceiver: true, binary: kind }),
  );
  return { server: prometheus, writeUrl: prometheus.writeUrl, queryUrl: prometheus.queryUrl };
}

async function startGateways(env: Readonly<Record<string, string>>, running: StopStack): Promise<Rig['gateways']> {
  return running.startTogether(startService('diproxy', env), startService('diproxy', env));
}

/** The values of a metric, whatever its labels when none are given. */
async function valuesOf(metricsUrl: string, sample: string): Promise<number[]> {
  const text = await (await fetch(metricsUrl)).text();
  const lines = text.split('\n').filter((line) => new RegExp(`^${sample}[{, ]`).test(line));
  return lines.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

async function senderMetric(sender: PrometheusServer, name: string): Promise<number> {
  const values = await valuesOf(`${sender.url}/metrics`, name);
  if (values.length === 0) throw new Error(`the sender has no metric ${name}`);
  return sum(values);
}

/** Starts everything on free ports; the sender has begun to push when it resolves. */
export async function startRig(kind: RigStore, version: ProtocolVersion): Promise<Rig> {
  const running = new StopStack();
  try {
    return await assemble(kind, version, running);
  } catch (error) {
    await running.stop();
    throw error;
  }
}

async function assemble(kind: RigStore, version: ProtocolVersion, running: StopStack): Promise<Rig> {
  const mongodb = running.add(await startMongo());
  const database = randomDatabase('no_loss');
  const account = await createAccount(mongodb.url, database);
  const store = await startStore(kind, running);
  const faults = await startFaultProxy(store.writeUrl);
  running.add({ name: 'fault proxy', stop: () => faults.stop() });
  const gateways = await startGateways(
    {
      MONGODB_URL: mongodb.url,
      MONGODB_DATABASE: database,
      METRICS_STORE: kind === 'thanos' ? 'thanos' : 'prometheus',
      METRICS_WRITE_URL: faults.url,
      METRICS_WRITE_TIMEOUT_SECONDS: '2',
      // An outage of MongoDB is felt within the test.
      ACCOUNT_CACHE_SECONDS: '1',
      ACCOUNT_LOOKUP_TIMEOUT_MS: '500',
      SHUTDOWN_DELAY_SECONDS: '0.5',
    },
    running,
  );
  const balancer = await startBalancer(gateways.map(({ port }) => port));
  running.add({ name: 'balancer', stop: () => balancer.stop() });
  const target = await startScrapeTarget();
  running.add({ name: 'scrape target', stop: () => target.stop() });
  const sender = running.add(
    await startPrometheus({
      name: 'sender',
      binary: 'prometheus3',
      scrapeIntervalSeconds,
      scrape: [{ job: 'no-loss', targets: [target.address] }],
      remoteWrite: [
        {
          url: `${balancer.url}/storage/api/v2/write`,
          username: account.id,
          password: account.password,
          headers: { 'Cloud-Account-Id': account.id },
          protobufMessage: messages[version],
          batchDeadlineSeconds: 0.2,
        },
      ],
    }),
  );

  const stored = (atMs: number): Promise<Samples> =>
    samplesOf(store.queryUrl, `${metricName}{tenant_id="${account.id}"}`, atMs);
  const rig: Rig = {
    mongodb,
    gateways,
    store: store.server,
    faults,
    senderMetric: (name) => senderMetric(sender, name),
    async gatewayMetric(sample) {
      return sum((await Promise.all(gateways.map(({ adminUrl }) => valuesOf(`${adminUrl}/metrics`, sample)))).flat());
    },
    async untilFlowing() {
      await untilNewer(stored, Date.now());
    },
    async untilEverythingArrived() {
      const untilMs = Date.now();
      // A scrape is stored as a whole: with a later one there, nothing is added up to this time.
      await untilNewer((atMs) => samplesOf(sender.queryUrl, metricName, atMs), untilMs);
      const sent = await samplesOf(sender.queryUrl, metricName, untilMs);
      if (sent.size !== seriesCount) throw new Error(`the sender has ${String(sent.size)} series`);
      await waitFor(
        async () => {
          const found = differences(sent, await stored(untilMs));
          if (found.length > 0) throw new Error(found.slice(0, 3).join('\n'));
          return true;
        },
        { what: 'the store to have what the sender has', timeoutMs: 40_000, intervalMs: 300 },
      );
      return { samples: [...sent.values()].reduce((sum, samples) => sum + samples.length, 0) };
    },
    stop: () => running.stop(),
  };
  await rig.untilFlowing();
  return rig;
}
