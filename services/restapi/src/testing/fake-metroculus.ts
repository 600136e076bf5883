import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  assetFactLine,
  costComponents,
  formatCost,
  formatNanos,
  nanosFromNumber,
  sumNanos,
  type AllocationFact,
} from '@cloudtuner/cost-model';
import {
  metroculusPaths,
  secretHeader,
  type AssetRow,
  type AssetsEnd,
  type ClusterCosts,
  type CostDataPoint,
} from '@cloudtuner/metroculus-client';
import { allocationsStream } from './live-allocations';

/** A small server that speaks metroculus' contract for live costs. */
export interface FakeMetroculus {
  readonly url: string;
  readonly port: number;
  readonly secret: string;
  /** What it answers: data points of all accounts, by account. */
  readonly points: Map<string, CostDataPoint[]>;
  /** Containers of hours (unix seconds), by account; an hour of a data point without them has one that costs what it costs. */
  readonly facts: Map<string, ReadonlyMap<number, readonly AllocationFact[]>>;
  /** Answers of other paths, made from the parameters of the request; `failure` is a 500, `silence` is no answer. */
  readonly answers: Map<string, (parameters: URLSearchParams) => unknown>;
  /** Requests that carried the secret: account, window in unix seconds and request id. */
  readonly asked: {
    readonly cloudAccountId: string;
    readonly start: number;
    readonly end: number;
    readonly requestId: string;
  }[];
  close(): Promise<void>;
}

/** A data point of an hour (unix seconds) with its CPU cost in dollars and nothing else measured. */
export function cpuPoint(hour: number, cpuCost: number, overrides: Partial<CostDataPoint> = {}): CostDataPoint {
  return {
    timestamp: hour,
    end_timestamp: hour + 3600,
    total_cost: cpuCost,
    management_cost: null,
    cpu_cost: cpuCost,
    ram_cost: null,
    gpu_cost: null,
    pv_cost: null,
    network_cost: null,
    load_balancer_cost: null,
    coverage: 1,
    last_sample_at: hour + 1800,
    data_version: 'a'.repeat(64),
    flags: [],
    ...overrides,
  };
}

function answerOf(
  cloudAccountId: string,
  window: { start: number; end: number },
  points: CostDataPoint[],
): ClusterCosts {
  return {
    cloud_account_id: cloudAccountId,
    start_date: window.start,
    end_date: window.end,
    summary: {
      total_cost: null,
      management_cost: null,
      cpu_cost: null,
      ram_cost: null,
      gpu_cost: null,
      pv_cost: null,
      network_cost: null,
      load_balancer_cost: null,
    },
    total_cost: null,
    data_points: points.filter(({ timestamp }) => timestamp >= window.start && timestamp < window.end),
    metrics: [],
    coverage: 1,
    last_sample_at: null,
    flags: [],
  };
}

const known: readonly string[] = [metroculusPaths.clusterCosts, metroculusPaths.assets, metroculusPaths.allocations];

/** Flag of a data point whose assets are not answered. */
const refuse = 'refuse';

/** The costs of an hour as those of one node. */
function nodeOf(point: CostDataPoint): AssetRow {
  const nanos = costComponents.map((component) => {
    const cost = point[component];
    return [component, cost === null ? null : nanosFromNumber(cost)] as const;
  });
  const costs = Object.fromEntries(nanos.map(([name, cost]) => [name, formatCost(cost)]));
  return {
    asset_type: 'node',
    asset_key: 'live-node',
    provider_id: 'provider-of-live-node',
    properties: {},
    covered_seconds: Math.round(point.coverage * 3600),
    cpu_core_hours: 1,
    ram_byte_hours: null,
    gpu_hours: null,
    storage_byte_hours: null,
    network_bytes: null,
    load_balancer_hours: null,
    management_hours: null,
    cpu_core_hour_price: point.cpu_cost,
    ram_gib_hour_price: null,
    gpu_hour_price: null,
    storage_gib_hour_price: null,
    network_gib_price: null,
    load_balancer_hour_price: null,
    management_hour_price: null,
    ...(costs as Pick<AssetRow, (typeof costComponents)[number]>),
    total_cost: formatNanos(sumNanos(nanos.map(([, cost]) => cost ?? 0n))),
  };
}

/** The stream of an hour: its data point as one asset, or nothing observed. */
function assetsOf(point: CostDataPoint | undefined): string {
  const lines = point === undefined ? [] : [assetFactLine(nodeOf(point))];
  const end: AssetsEnd = {
    end: true,
    rows: lines.length,
    sha256: createHash('sha256').update(lines.join('')).digest('hex'),
    measured_seconds: Math.round((point?.coverage ?? 0) * 3600),
    expected_seconds: 3600,
    last_sample_at: point?.last_sample_at ?? null,
    flags: point?.flags ?? [],
  };
  return [...lines, `${JSON.stringify(end)}\n`].join('');
}

/** Starts one on 127.0.0.1. */
export async function startFakeMetroculus({
  secret,
  port = 0,
}: {
  secret: string;
  port?: number;
}): Promise<FakeMetroculus> {
  const points = new Map<string, CostDataPoint[]>();
  const facts: FakeMetroculus['facts'] = new Map();
  const answers: FakeMetroculus['answers'] = new Map();
  const asked: { cloudAccountId: string; start: number; end: number; requestId: string }[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = url.pathname;
    const answer = answers.get(path);
    if (!known.includes(path) && answer === undefined) return void response.writeHead(404).end('{}');
    if (request.headers[secretHeader.toLowerCase()] !== secret) return void response.writeHead(401).end('{}');
    const cloudAccountId = url.searchParams.get('cloud_account_id') ?? '';
    const window = { start: Number(url.searchParams.get('start_date')), end: Number(url.searchParams.get('end_date')) };
    asked.push({ cloudAccountId, ...window, requestId: String(request.headers['x-request-id']) });
    const ofAccount = points.get(cloudAccountId) ?? [];
    if (path === metroculusPaths.assets || path === metroculusPaths.allocations) {
      const point = ofAccount.find(({ timestamp }) => timestamp === window.start);
      if (point?.flags.includes(refuse) === true) return void response.writeHead(500).end('{}');
      if (path === metroculusPaths.assets) return void response.end(assetsOf(point));
      return void response.end(allocationsStream(point, facts.get(cloudAccountId)?.get(window.start)));
    }
    const content = answer?.(url.searchParams) ?? answerOf(cloudAccountId, window, ofAccount);
    if (content === 'silence') return;
    if (content === 'failure') return void response.writeHead(500).end('{}');
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(content));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    port: address.port,
    secret,
    points,
    facts,
    answers,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
