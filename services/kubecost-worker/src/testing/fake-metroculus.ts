import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { allocationFactLine, assetFactLine } from '@cloudtuner/cost-model';
import { metroculusPaths, secretHeader, statementPaths, type AllocationsEnd } from '@cloudtuner/metroculus-client';
import { sampleHour } from './sample-hours';

/** A small server that speaks metroculus' contract for the sample hours. */
export interface FakeMetroculus {
  readonly url: string;
  readonly secret: string;
  /** Of all accounts, from now on. */
  revision: number;
  podsPerNode: number;
  /** Answers 503 while true. */
  away: boolean;
  /** Hours that were asked for, in order; unix seconds. */
  readonly asked: { readonly cloudAccountId: string; readonly hour: number }[];
  close(): Promise<void>;
}

async function answer(
  response: ServerResponse,
  hour: number,
  { revision, podsPerNode }: FakeMetroculus,
): Promise<void> {
  const { assets, allocations, ...reading } = sampleHour(hour, revision, podsPerNode);
  const end: AllocationsEnd = {
    end: true,
    asset_rows: assets.length,
    rows: allocations.length,
    sha256: reading.sha256,
    measured_seconds: reading.measuredSeconds,
    expected_seconds: reading.expectedSeconds,
    last_sample_at: reading.lastSampleSeconds,
    flags: [...reading.flags],
  };
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  response.write(assets.map(assetFactLine).join(''));
  for (const row of allocations) if (!response.write(allocationFactLine(row))) await once(response, 'drain');
  response.end(`${JSON.stringify(end)}\n`);
}

/** Starts one on a free port of 127.0.0.1. */
export async function startFakeMetroculus(): Promise<FakeMetroculus> {
  const secret = 'a-cluster-secret-of-a-test';
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (fake.away) return void response.writeHead(503, { 'Retry-After': '1' }).end('{}');
    if (url.pathname === statementPaths.statements) {
      const number = (name: string): number => Number(url.searchParams.get(name));
      const head = { start_date: number('start_date'), end_date: number('end_date') };
      const cloud_account_id = url.searchParams.get('cloud_account_id');
      response.writeHead(200).end(JSON.stringify({ cloud_account_id, ...head, statements: [] }));
      return;
    }
    if (url.pathname !== metroculusPaths.allocations) return void response.writeHead(200).end('{}');
    if (request.headers[secretHeader.toLowerCase()] !== secret) return void response.writeHead(401).end('{}');
    const hour = Number(url.searchParams.get('start_date'));
    fake.asked.push({ cloudAccountId: url.searchParams.get('cloud_account_id') ?? '', hour });
    void answer(response, hour, fake).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeMetroculus = {
    url: `http://127.0.0.1:${String(port)}`,
    secret,
    revision: 1,
    podsPerNode: 3,
    away: false,
    asked: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return fake;
}
