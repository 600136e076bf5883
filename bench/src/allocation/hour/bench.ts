import { randomBytes, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { startService, type LocalService } from '@cloudtuner/local-servers';
import { createMetroculusClient, type KubecostAllocations } from '@cloudtuner/metroculus-client';
import { load, machine } from '../../machine';
import { cpuSeconds, residentMebibytes } from '../../proc';
import { renderTable } from '../../table';
import { pushHour, type WrittenStore } from './push-hour';
import { startStore, type Store } from './store';

const hourMs = 3_600_000;
const probeEveryMs = 10;
const runs = 3;

export interface HourBenchOptions {
  readonly pods: number;
  readonly stores: readonly WrittenStore['kind'][];
  readonly environment: Readonly<Record<string, string>>;
  /** One line of progress. */
  readonly say: (line: string) => void;
}

/** Asks for the service's health again and again; what it takes longest is how long its event loop was kept. */
function probe(url: string): () => Promise<number> {
  const stop = new AbortController();
  const probing = (async () => {
    let longestMs = 0;
    while (!stop.signal.aborted) {
      const startMs = performance.now();
      await (await fetch(`${url}/healthz`)).arrayBuffer();
      longestMs = Math.max(longestMs, performance.now() - startMs);
      await delay(probeEveryMs);
    }
    return longestMs;
  })();
  return () => {
    stop.abort();
    return probing;
  };
}

interface Run {
  readonly seconds: number;
  readonly metroculusCpuSeconds: number;
  readonly storeCpuSeconds: number;
  readonly longestProbeMs: number;
  readonly hour: KubecostAllocations;
}

async function readOnce(store: Store, metroculus: LocalService, ask: () => Promise<KubecostAllocations>): Promise<Run> {
  const storeCpu = (): number => store.pids.map(cpuSeconds).reduce((sum, one) => sum + one, 0);
  const before = { store: storeCpu(), metroculus: cpuSeconds(metroculus.pid) };
  const stopProbe = probe(metroculus.url);
  const startMs = performance.now();
  const hour = await ask();
  const seconds = (performance.now() - startMs) / 1000;
  return {
    seconds,
    metroculusCpuSeconds: cpuSeconds(metroculus.pid) - before.metroculus,
    storeCpuSeconds: storeCpu() - before.store,
    longestProbeMs: await stopProbe(),
    hour,
  };
}

async function benchStore(kind: WrittenStore['kind'], options: HourBenchOptions): Promise<string> {
  const { pods, environment, say } = options;
  const store = await startStore(kind);
  const secret = randomBytes(24).toString('hex');
  let metroculus: LocalService | undefined;
  try {
    const env = {
      CLUSTER_SECRET: secret,
      METRICS_QUERY_URL: store.queryUrl,
      METRICS_QUERY_TIMEOUT_SECONDS: '120',
      // As in its image.
      NODE_OPTIONS: '--max-old-space-size=768 --max-semi-space-size=32',
    };
    metroculus = await startService('metroculus', { ...env, ...environment });
    const account = randomUUID();
    const startMs = Math.floor(Date.now() / hourMs) * hourMs - 2 * hourMs;
    const pushMs = performance.now();
    const samples = await pushHour(store, account, { pods, startMs });
    say(`${kind}: ${samples.toLocaleString('en')} samples in ${((performance.now() - pushMs) / 1000).toFixed(0)} s`);
    const client = createMetroculusClient({ baseUrl: metroculus.url, secret, timeoutMs: 300_000, maxAttempts: 1 });
    const window = { cloudAccountId: account, startSeconds: startMs / 1000, endSeconds: (startMs + hourMs) / 1000 };
    // Thanos Query finds a new tenant within some seconds.
    while ((await client.getKubecostAssets(window)).rows.length === 0) await delay(500);
    const all: Run[] = [];
    for (let run = 0; run < runs; run += 1) {
      all.push(await readOnce(store, metroculus, () => client.getKubecostAllocations(window)));
    }
    client.close();
    const resident = (pid: number | undefined): string => residentMebibytes(pid, 'VmHWM').toFixed(0);
    const [first] = all;
    return [
      `${kind}: ${pods.toLocaleString('en')} pods, ${samples.toLocaleString('en')} samples, ${String(first?.hour.end.rows)} rows`,
      renderTable([
        ['run', 'seconds', 'metroculus CPU s', 'store CPU s', 'longest /healthz ms'],
        ...all.map((run, index) => [
          String(index + 1),
          ...[run.seconds, run.metroculusCpuSeconds, run.storeCpuSeconds, run.longestProbeMs].map((one) =>
            one.toFixed(1),
          ),
        ]),
      ]),
      `resident at most: metroculus ${resident(metroculus.pid)} MiB; store ${store.pids.map(resident).join(' + ')} MiB`,
    ].join('\n');
  } finally {
    await metroculus?.stop();
    await store.stop();
  }
}

/** Reads one hour of a made-up cluster through a real store and metroculus. */
export async function benchHour(options: HourBenchOptions): Promise<string> {
  const before = load();
  const reports: string[] = [];
  for (const kind of options.stores) reports.push(await benchStore(kind, options));
  return [`machine: ${machine()}; load average ${before} before, ${load()} after`, ...reports].join('\n\n');
}
