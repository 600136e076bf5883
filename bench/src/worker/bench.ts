import { setTimeout as delay } from 'node:timers/promises';
import { startService, type LocalService } from '@cloudtuner/local-servers';
import { createMetroculusClient } from '@cloudtuner/metroculus-client';
import { pushHour } from '../allocation/hour/push-hour';
import { startStore, type Store } from '../allocation/hour/store';
import { load, machine } from '../machine';
import { cpuSeconds, residentMebibytes } from '../proc';
import { startStand, type Stand } from '../restapi/stand';
import { renderTable } from '../table';

const hourMs = 3_600_000;
const minutesPerHour = 60;
/** Every look costs restapi and its stores as much as some pods do: of many hours it is looked at seldom. */
const pollMsOf = (hours: number): number => (hours > 1 ? 2_000 : 100);
const mostMinutes = 30;

export interface WorkerBenchOptions {
  /** Pods of each cluster that is measured, one after the other. */
  readonly clusters: readonly number[];
  /** Hours of history of each. */
  readonly hours: number;
  readonly store: Store['kind'];
  /** One line of progress. */
  readonly say: (line: string) => void;
}

/** The pipeline: a store of samples, metroculus and the worker, beside the stores of the stand. */
interface Pipeline {
  readonly stand: Stand;
  readonly store: Store;
  readonly metroculus: LocalService;
  readonly worker: LocalService;
  stop(): Promise<void>;
}

async function startPipeline(kind: Store['kind']): Promise<Pipeline> {
  const stopping: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stopping.splice(0).reverse()) await one();
  };
  try {
    const stand = await startStand();
    stopping.push(() => stand.stop());
    const store = await startStore(kind);
    stopping.push(() => store.stop());
    const metroculus = await startService('metroculus', {
      ...stand.environment,
      METRICS_QUERY_URL: store.queryUrl,
      METRICS_QUERY_TIMEOUT_SECONDS: '120',
      // As in its image.
      NODE_OPTIONS: '--max-old-space-size=768',
    });
    stopping.push(() => metroculus.stop());
    const worker = await startService('kubecost-worker', {
      ...stand.environment,
      METROCULUS_URL: metroculus.url,
      METROCULUS_TIMEOUT_SECONDS: '300',
      // Nothing is due but what is asked for.
      PLAN_INTERVAL_SECONDS: '3600',
    });
    stopping.push(() => worker.stop());
    return { stand, store, metroculus, worker, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Pushes the hours in order, because a store takes samples that are much older than its newest no more. */
async function pushHours(store: Store, account: string, made: { pods: number; startMs: number; hours: number }) {
  const { pods, startMs, hours } = made;
  let samples = 0;
  for (let hour = 0; hour < hours; hour += 1) {
    const from = hour === 0 ? -5 : hour * minutesPerHour + 6;
    const minutes = { from, until: (hour + 1) * minutesPerHour + 5 };
    samples += await pushHour(store, account, { pods, startMs, minutes });
  }
  return samples;
}

/** Thanos Query finds a new tenant within some seconds. */
async function untilSeen({ stand, metroculus }: Pipeline, account: string, startMs: number): Promise<void> {
  const client = createMetroculusClient({
    baseUrl: metroculus.url,
    secret: stand.environment['CLUSTER_SECRET'] ?? '',
    timeoutMs: 60_000,
    maxAttempts: 1,
  });
  const window = { cloudAccountId: account, startSeconds: startMs / 1000, endSeconds: (startMs + hourMs) / 1000 };
  while ((await client.getKubecostAssets(window)).rows.length === 0) await delay(500);
  client.close();
}

async function backfill({ api }: Stand, account: string, window: { startMs: number; endMs: number }): Promise<number> {
  const startedMs = performance.now();
  const params = { cloud_account_id: account };
  const body = { start_time: window.startMs / 1000, end_time: window.endMs / 1000 };
  const { id } = await api.createBackfill({ params, body });
  for (;;) {
    const { state, failure_code } = await api.getBackfill({ params: { ...params, backfill_id: id } });
    const seconds = (performance.now() - startedMs) / 1000;
    if (state === 'completed') return seconds;
    if (state === 'failed' || seconds > mostMinutes * 60)
      throw new Error(`the backfill is ${state}: ${failure_code ?? 'too slow'}`);
    await delay(pollMsOf((window.endMs - window.startMs) / hourMs));
  }
}

interface Measured {
  readonly pods: number;
  readonly samples: number;
  readonly seconds: number;
  /** By process. */
  readonly cpuSeconds: Readonly<Record<'store' | 'metroculus' | 'worker' | 'ClickHouse', number>>;
  readonly resident: Readonly<Record<'metroculus' | 'worker', number>>;
}

async function measure(pods: number, options: WorkerBenchOptions): Promise<Measured> {
  const { hours, say } = options;
  const pipeline = await startPipeline(options.store);
  try {
    const { stand, store, metroculus, worker } = pipeline;
    const { id: account } = await stand.api.createCloudAccount({
      params: { organization_id: stand.organizationId },
      body: { name: 'production', type: 'kubernetes_cnr' },
    });
    const startMs = Math.floor(Date.now() / hourMs) * hourMs - (hours + 2) * hourMs;
    const window = { startMs, endMs: startMs + hours * hourMs };
    const samples = await pushHours(store, account, { pods, startMs, hours });
    say(`${pods.toLocaleString('en')} pods: ${samples.toLocaleString('en')} samples pushed`);
    await untilSeen(pipeline, account, startMs);
    const cpu = (): Measured['cpuSeconds'] => ({
      store: store.pids.map(cpuSeconds).reduce((sum, one) => sum + one, 0),
      metroculus: cpuSeconds(metroculus.pid),
      worker: cpuSeconds(worker.pid),
      ClickHouse: cpuSeconds(stand.clickhousePid),
    });
    const before = cpu();
    const seconds = await backfill(stand, account, window);
    const after = cpu();
    const { coverage } = await stand.api.getClusterCosts({
      params: { cluster_id: account },
      query: { start_time: startMs / 1000, end_time: window.endMs / 1000 },
    });
    if (coverage === null || coverage < 0.99) throw new Error(`only ${String(coverage)} of the hours is there`);
    return {
      pods,
      samples,
      seconds,
      cpuSeconds: {
        store: after.store - before.store,
        metroculus: after.metroculus - before.metroculus,
        worker: after.worker - before.worker,
        ClickHouse: after.ClickHouse - before.ClickHouse,
      },
      resident: {
        metroculus: residentMebibytes(metroculus.pid, 'VmHWM'),
        worker: residentMebibytes(worker.pid, 'VmHWM'),
      },
    };
  } finally {
    await pipeline.stop();
  }
}

function row({ pods, samples, seconds, cpuSeconds: cpu, resident }: Measured, hours: number): readonly string[] {
  const perThousandPodDays = (Object.values(cpu).reduce((sum, one) => sum + one, 0) * 24_000) / (pods * hours);
  return [
    pods.toLocaleString('en'),
    samples.toLocaleString('en'),
    seconds.toFixed(1),
    ...[cpu.store, cpu.metroculus, cpu.worker, cpu.ClickHouse].map((one) => (one / hours).toFixed(2)),
    perThousandPodDays.toFixed(1),
    ...[resident.metroculus, resident.worker].map((one) => one.toFixed(0)),
  ];
}

/** Has the worker store the hours of clusters of several sizes, from raw samples to ClickHouse, and returns the report. */
export async function benchWorker(options: WorkerBenchOptions): Promise<string> {
  const before = load();
  const measured: Measured[] = [];
  for (const pods of options.clusters) measured.push(await measure(pods, options));
  return [
    `machine: ${machine()}; load average ${before} before, ${load()} after; ${options.store}; ${String(options.hours)} hours of each cluster, backfilled`,
    'CPU in seconds per cluster-hour',
    '',
    renderTable([
      [
        'pods',
        'samples',
        'seconds in all',
        'store CPU',
        'metroculus CPU',
        'worker CPU',
        'ClickHouse CPU',
        'CPU s per 1,000 pod-days',
        'metroculus MiB',
        'worker MiB',
      ],
      ...measured.map((one) => row(one, options.hours)),
    ]),
  ].join('\n');
}
