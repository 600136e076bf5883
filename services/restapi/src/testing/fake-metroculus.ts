import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metroculusPaths, secretHeader, type ClusterCosts, type CostDataPoint } from '@cloudtuner/metroculus-client';

/** A small server that speaks metroculus' contract for live costs. */
export interface FakeMetroculus {
  readonly url: string;
  readonly port: number;
  readonly secret: string;
  /** What it answers: data points of all accounts, by account. */
  readonly points: Map<string, CostDataPoint[]>;
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

/** Starts one on 127.0.0.1. */
export async function startFakeMetroculus({
  secret,
  port = 0,
}: {
  secret: string;
  port?: number;
}): Promise<FakeMetroculus> {
  const points = new Map<string, CostDataPoint[]>();
  const asked: { cloudAccountId: string; start: number; end: number; requestId: string }[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname !== metroculusPaths.clusterCosts) return void response.writeHead(404).end('{}');
    if (request.headers[secretHeader.toLowerCase()] !== secret) return void response.writeHead(401).end('{}');
    const cloudAccountId = url.searchParams.get('cloud_account_id') ?? '';
    const window = { start: Number(url.searchParams.get('start_date')), end: Number(url.searchParams.get('end_date')) };
    asked.push({ cloudAccountId, ...window, requestId: String(request.headers['x-request-id']) });
    response
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(answerOf(cloudAccountId, window, points.get(cloudAccountId) ?? [])));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    port: address.port,
    secret,
    points,
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
