import { setTimeout as delay } from 'node:timers/promises';
import { connectClickhouse } from '@cloudtuner/clickhouse';
import { startService, type LocalService } from '@cloudtuner/local-servers';
import { createMetroculusClient } from '@cloudtuner/metroculus-client';
import { closeHour, createProducer } from '@cloudtuner/queues';
import { z } from 'zod';
import { pushHour } from '../allocation/hour/push-hour';
import { startStore, type Store } from '../allocation/hour/store';
import { load, machine } from '../machine';
import { cpuSeconds, residentMebibytes } from '../proc';
import { standDatabase, startStand, type Stand } from '../restapi/stand';
import { renderTable } from '../table';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const minutesPerHour = 60;
/** Every look costs restapi and its stores as much as some pods do: of many hours it is looked at seldom. */
const backfillPollMs = 2_000;
const hourPollMs = 50;
const mostMinutes = 30;

export interface WorkerBenchOptions {
  /** Pods of each cluster that is measured, one after the other. */
  readonly clusters: readonly number[];
  /** Hours of history of each, backfilled; 1: single hours, closed one by one. */
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
      NODE_OPTIONS: '--max-old-space-size=768 --max-semi-space-size=32',
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
    await delay(backfillPollMs);
  }
}

const currentHour = z.object({ closed: z.boolean() });

/**
 * Has the worker store one hour, as it does each hour when it has ended. Measured is the time until the hour is current; what describes the
 * cluster is stored after it, and the job is waited for.
 */
async function closeOneHour({ environment, clickhouse }: Stand, account: string, startMs: number): Promise<number> {
  const producer = createProducer(closeHour, { redisUrl: environment['REDIS_URL'] ?? '', prefix: 'cloudtuner' });
  const client = connectClickhouse({ ...clickhouse, database: standDatabase });
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  const isCurrent = async (): Promise<boolean> => {
    const rows = await client.query({
      sql: 'SELECT closed FROM account_hours WHERE cloud_account_id = {account:UUID} AND hour = {hour:UInt32}',
      params: { account, hour: startMs / 1000 },
      schema: currentHour,
      tag: { surface: 'bench', route: 'worker' },
      tenant: account,
    });
    return rows.some(({ closed }) => closed);
  };
  try {
    const { jobId } = await producer.enqueue({ cloudAccountId: account, hour: new Date(startMs).toISOString() });
    let current: number | null = null;
    for (;;) {
      const status = await producer.jobStatus(jobId);
      if (current === null && (await isCurrent())) current = seconds();
      if (status === null && current !== null) return current;
      if (status === null || status.state === 'failed' || seconds() > mostMinutes * 60)
        throw new Error(`the hour is ${status?.state ?? 'not stored'}: ${status?.failure?.code ?? 'too slow'}`);
      await delay(hourPollMs);
    }
  } finally {
    await client.close();
    await producer.close();
  }
}

/** What is measured of some work. */
interface Cost {
  readonly seconds: number;
  /** By process. */
  readonly cpuSeconds: Readonly<Record<'store' | 'metroculus' | 'worker' | 'ClickHouse', number>>;
}

interface Measured extends Cost {
  readonly what: string;
  readonly pods: number;
  readonly samples: number;
  readonly hours: number;
  /** So far. */
  readonly resident: Readonly<Record<'metroculus' | 'worker', number>>;
}

async function costOf({ stand, store, metroculus, worker }: Pipeline, work: () => Promise<number>): Promise<Cost> {
  const cpu = (): Cost['cpuSeconds'] => ({
    store: store.pids.map(cpuSeconds).reduce((sum, one) => sum + one, 0),
    metroculus: cpuSeconds(metroculus.pid),
    worker: cpuSeconds(worker.pid),
    ClickHouse: cpuSeconds(stand.clickhousePid),
  });
  const before = cpu();
  const seconds = await work();
  const after = cpu();
  return {
    seconds,
    cpuSeconds: {
      store: after.store - before.store,
      metroculus: after.metroculus - before.metroculus,
      worker: after.worker - before.worker,
      ClickHouse: after.ClickHouse - before.ClickHouse,
    },
  };
}

/** Hours to be measured, one after the other: the first of fresh processes, and others. */
const singleHours = 3;

async function measure(pods: number, options: WorkerBenchOptions): Promise<Measured[]> {
  const { say } = options;
  const isHistory = options.hours > 1;
  const hours = isHistory ? options.hours : singleHours;
  const pipeline = await startPipeline(options.store);
  try {
    const { stand, store, metroculus, worker } = pipeline;
    const { id: account } = await stand.api.createCloudAccount({
      params: { organization_id: stand.organizationId },
      body: { name: 'production', type: 'kubernetes_cnr' },
    });
    // Hours of today are closed by the worker itself.
    const endOfHoursMs = isHistory ? Math.floor(Date.now() / hourMs) * hourMs : Math.floor(Date.now() / dayMs) * dayMs;
    const startMs = endOfHoursMs - (hours + 2) * hourMs;
    const window = { startMs, endMs: startMs + hours * hourMs };
    const samples = await pushHours(store, account, { pods, startMs, hours });
    say(`${pods.toLocaleString('en')} pods: ${samples.toLocaleString('en')} samples pushed`);
    await untilSeen(pipeline, account, startMs);
    const measured: Measured[] = [];
    const run = async (what: string, hoursOfRun: number, work: () => Promise<number>): Promise<void> => {
      const cost = await costOf(pipeline, work);
      const resident = {
        metroculus: residentMebibytes(metroculus.pid, 'VmHWM'),
        worker: residentMebibytes(worker.pid, 'VmHWM'),
      };
      measured.push({ what, pods, samples: (samples * hoursOfRun) / hours, hours: hoursOfRun, ...cost, resident });
    };
    if (isHistory) {
      await run(`${String(hours)} hours`, hours, () => backfill(stand, account, window));
    } else {
      for (let hour = 0; hour < hours; hour += 1) {
        const what = hour === 0 ? 'the first hour' : 'another hour';
        await run(what, 1, () => closeOneHour(stand, account, startMs + hour * hourMs));
      }
    }
    const { coverage } = await stand.api.getClusterCosts({
      params: { cluster_id: account },
      query: { start_time: startMs / 1000, end_time: window.endMs / 1000 },
    });
    if (coverage === null || coverage < 0.99) throw new Error(`only ${String(coverage)} of the hours is there`);
    return measured;
  } finally {
    await pipeline.stop();
  }
}

function row({ what, pods, samples, hours, seconds, cpuSeconds: cpu, resident }: Measured): readonly string[] {
  const perThousandPodDays = (Object.values(cpu).reduce((sum, one) => sum + one, 0) * 24_000) / (pods * hours);
  return [
    pods.toLocaleString('en'),
    what,
    Math.round(samples).toLocaleString('en'),
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
  for (const pods of options.clusters) measured.push(...(await measure(pods, options)));
  return [
    `machine: ${machine()}; load average ${before} before, ${load()} after; ${options.store}`,
    'CPU in seconds per cluster-hour',
    '',
    renderTable([
      [
        'pods',
        'stored',
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
      ...measured.map(row),
    ]),
  ].join('\n');
}
