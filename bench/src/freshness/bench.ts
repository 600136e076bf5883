import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { pushHistory, startBackingServers, startServices, StopStack, type StoreKind } from '@cloudtuner/launcher';
import { startPrometheus } from '@cloudtuner/local-servers';
import { createRestapiClient, type RestapiClient } from '@cloudtuner/restapi-client';
import { createSampleCluster, startExporter } from '@cloudtuner/sample-cluster';
import { load, machine } from '../machine';
import { renderTable } from '../table';
import { secondsOf, sightingsOf, type Poll } from './sightings';
import { bytesPerStep, startSteppingTarget, steppingNamespace, type SteppingTarget } from './stepping-target';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** As the demo's. */
const scrapeSeconds = 15;
const pollEveryMs = 1_000;
/** Time for the first scrapes to come through before anything is counted. */
const warmUpMs = minuteMs;

export interface FreshnessBenchOptions {
  readonly minutes: number;
  readonly store: StoreKind;
  /** One line of progress. */
  readonly say: (line: string) => void;
}

interface Account {
  readonly id: string;
  readonly client: RestapiClient;
  readonly username: string;
  readonly password: string;
}

async function createAccount(restapiUrl: string, secret: string): Promise<Account> {
  const owner = {
    email: 'owner@freshness.example',
    display_name: 'freshness',
    password: randomBytes(16).toString('hex'),
  };
  const operator = createRestapiClient({ baseUrl: restapiUrl, secret });
  const organization = await operator.createOrganization({ body: { name: 'freshness', owner } });
  const { token } = await operator.createToken({ body: { email: owner.email, password: owner.password } });
  const client = createRestapiClient({ baseUrl: restapiUrl, token: () => token });
  const { id, credentials } = await client.createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: 'freshness', type: 'kubernetes_cnr' },
  });
  return { id, client, ...credentials };
}

/** The running hour and the one before it, so that an hour that ends in between takes no step away. */
async function pollOnce({ id, client }: Account): Promise<Poll> {
  const hourStartMs = Math.floor(Date.now() / hourMs) * hourMs;
  const askedMs = performance.now();
  const answer = await client.getClusterCosts({
    params: { cluster_id: id },
    query: {
      start_time: (hourStartMs - hourMs) / 1000,
      end_time: (hourStartMs + hourMs) / 1000,
      step: 'all',
      aggregate: 'namespace',
      limit: 1000,
    },
  });
  const stepping = answer.rows?.find(({ name }) => name === steppingNamespace);
  const lastSample = answer.freshness.last_sample_at;
  return {
    answeredAtMs: Date.now(),
    durationMs: performance.now() - askedMs,
    lastSampleAtMs: lastSample === null ? null : lastSample * 1000,
    steps: Math.round((stepping?.quantities.network_internet_bytes ?? 0) / bytesPerStep),
  };
}

async function pollFor(account: Account, minutes: number, say: (line: string) => void): Promise<Poll[]> {
  const polls: Poll[] = [];
  const endMs = Date.now() + minutes * minuteMs;
  let saidMs = Date.now();
  while (Date.now() < endMs) {
    polls.push(await pollOnce(account));
    await delay(pollEveryMs);
    if (Date.now() - saidMs < minuteMs) continue;
    saidMs = Date.now();
    say(`${String(polls.length)} polls, ${((endMs - saidMs) / minuteMs).toFixed(0)} minutes to go`);
  }
  return polls;
}

interface Measured {
  readonly polls: readonly Poll[];
  readonly target: SteppingTarget;
}

async function measure({ minutes, store, say }: FreshnessBenchOptions, running: StopStack): Promise<Measured> {
  say(`starting ${store}, Redis, MongoDB, ClickHouse and the services`);
  const clusterSecret = randomBytes(24).toString('hex');
  const servers = await startBackingServers({ store }, running);
  const services = await startServices({ servers, clusterSecret }, running);
  const account = await createAccount(services.restapi.url, clusterSecret);
  const { username, password } = account;
  const writer = { write_username: username, write_password: password };
  const cluster = createSampleCluster({ seed: 7, name: 'freshness', clusterId: 'freshness', profile: 'shop' });
  const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;
  await pushHistory(services.diproxy.url, [{ cluster, account: writer, startMs: nowMs - 2 * hourMs, endMs: nowMs }]);

  const exporter = await startExporter({ cluster, port: 0 });
  running.add({ name: 'exporter', stop: () => exporter.stop() });
  const target = await startSteppingTarget();
  running.add({ name: 'stepping target', stop: () => target.stop() });
  running.add(
    await startPrometheus({
      name: 'sender',
      scrapeIntervalSeconds: scrapeSeconds,
      scrape: [
        { job: 'sample-cluster', targets: [`127.0.0.1:${String(exporter.port)}`], honorLabels: true },
        { job: 'stepping', targets: [target.address], honorLabels: true },
      ],
      remoteWrite: [{ url: `${services.diproxy.url}/storage/api/v2/write`, username, password }],
    }),
  );
  say(`scraped every ${String(scrapeSeconds)} s from now on; polled in a minute, for ${String(minutes)} minutes`);
  await delay(warmUpMs);
  return { polls: await pollFor(account, minutes, say), target };
}

/** How old what `…/costs` says of the running hour is, measured in the whole product as the demo starts it. */
export async function benchFreshness(options: FreshnessBenchOptions): Promise<string> {
  const running = new StopStack();
  const loadBefore = load();
  try {
    const { polls, target } = await measure(options, running);
    const { agesMs, stepsMs, durationsMs } = sightingsOf(polls, (step) => target.scrapedAtMs(step));
    return [
      `${String(options.minutes)} minutes, ${options.store}, scraped every ${String(scrapeSeconds)} s; ${String(polls.length)} polls; ${machine()}; load average ${loadBefore} before, ${load()} after`,
      '',
      renderTable([
        ['seconds', 'p50', 'p95', 'max', 'of'],
        ['age of the newest sample, as each answer says it', ...secondsOf(agesMs)],
        ['from the scrape of a known change to the first answer that has it', ...secondsOf(stepsMs)],
        ['an answer', ...secondsOf(durationsMs)],
      ]),
      '',
      `target: 90 s from scrape to costs: ${stepsMs.length > 0 && Math.max(...stepsMs) <= 90_000 ? 'met' : 'not met'}; ${String(target.steps)} changes scraped`,
    ].join('\n');
  } finally {
    await running.stop();
  }
}
