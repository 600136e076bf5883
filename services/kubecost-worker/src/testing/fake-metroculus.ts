import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assetFactLine } from '@cloudtuner/cost-model';
import { metroculusPaths, secretHeader, type AssetsEnd } from '@cloudtuner/metroculus-client';
import { sampleHour } from './sample-hours';

/** A small server that speaks metroculus' contract for the sample hours. */
export interface FakeMetroculus {
  readonly url: string;
  readonly secret: string;
  /** Of all accounts, from now on. */
  revision: number;
  /** Answers 503 while true. */
  away: boolean;
  /** Hours that were asked for, in order; unix seconds. */
  readonly asked: { readonly cloudAccountId: string; readonly hour: number }[];
  close(): Promise<void>;
}

function answer(hour: number, revision: number): string {
  const { rows, sha256, measuredSeconds, expectedSeconds, lastSampleSeconds, flags } = sampleHour(hour, revision);
  const end: AssetsEnd = {
    end: true,
    rows: rows.length,
    sha256,
    measured_seconds: measuredSeconds,
    expected_seconds: expectedSeconds,
    last_sample_at: lastSampleSeconds,
    flags: [...flags],
  };
  return `${rows.map(assetFactLine).join('')}${JSON.stringify(end)}\n`;
}

/** Starts one on a free port of 127.0.0.1. */
export async function startFakeMetroculus(): Promise<FakeMetroculus> {
  const secret = 'a-cluster-secret-of-a-test';
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (fake.away) return void response.writeHead(503, { 'Retry-After': '1' }).end('{}');
    if (url.pathname !== metroculusPaths.assets) return void response.writeHead(200).end('{}');
    if (request.headers[secretHeader.toLowerCase()] !== secret) return void response.writeHead(401).end('{}');
    const hour = Number(url.searchParams.get('start_date'));
    fake.asked.push({ cloudAccountId: url.searchParams.get('cloud_account_id') ?? '', hour });
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).end(answer(hour, fake.revision));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeMetroculus = {
    url: `http://127.0.0.1:${String(port)}`,
    secret,
    revision: 1,
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
