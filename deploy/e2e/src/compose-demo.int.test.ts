import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, readServers, workspaceRoot } from '@cloudtuner/local-servers';
import { createRestapiClient } from '@cloudtuner/restapi-client';
import { temporaryFolder, waitFor } from '@cloudtuner/test-kit';
import { hourMs, startPlatform, type Platform } from './platform';

const startDeadlineMs = 600_000;
const root = workspaceRoot();
const folder = temporaryFolder('compose-demo');
const dataDir = path.join(folder.path, 'demo');
const children: ChildProcess[] = [];
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform('prometheus');
}, startDeadlineMs);

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

afterAll(async () => {
  await Promise.all(children.map(end));
  await platform.stop();
  folder.remove();
}, startDeadlineMs);

/** The program of the container `demo`, until it can be scraped. @returns all that it said. */
async function startDemo(port: number): Promise<{ child: ChildProcess; said: string }> {
  const secretFile = path.join(folder.path, 'cluster_secret');
  writeFileSync(secretFile, platform.clusterSecret);
  const { restapi, diproxy } = platform.services;
  const child = spawn(process.execPath, [path.join(root, 'deploy/local/launcher/dist/compose-demo-main.js')], {
    env: {
      CLUSTER_SECRET_FILE: secretFile,
      RESTAPI_URL: restapi.url,
      GATEWAY_URL: diproxy.url,
      PUBLIC_URL: restapi.url,
      DATA_DIR: dataDir,
      HOST: '127.0.0.1',
      PORT: String(port),
    },
  });
  children.push(child);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await waitFor(() => said.includes('"ready"') || child.exitCode !== null, {
    what: 'the sample customer',
    timeoutMs: startDeadlineMs,
  });
  if (child.exitCode !== null) throw new Error(said);
  return { child, said };
}

/** The Prometheus of docker-compose.yml, with the addresses of this machine in its configuration. @returns its own metrics. */
async function startSender(port: number): Promise<string> {
  const { prometheus3 } = readServers();
  if (prometheus3?.kind !== 'binary') throw new Error('This test needs a Prometheus 3 that is a program.');
  const config = path.join(folder.path, 'prometheus.yml');
  const text = readFileSync(path.join(root, 'deploy/docker/demo-prometheus.yml'), 'utf8');
  writeFileSync(
    config,
    text
      .replace('demo:9100', `127.0.0.1:${String(port)}`)
      .replace('http://diproxy:8935', platform.services.diproxy.url)
      .replaceAll('/demo/', `${dataDir}/`),
  );
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${path.join(folder.path, 'tsdb')}`];
  const address = `127.0.0.1:${String(await freePort())}`;
  children.push(execFile(prometheus3.path, [...args, `--web.listen-address=${address}`, '--log.level=warn']));
  return `http://${address}/metrics`;
}

/** What a reader takes from its words: the lines to paste. */
const setting = (said: string, name: string): string =>
  new RegExp(`^ *${name}=(.*)$`, 'm').exec(said)?.[1] ?? `no ${name}`;

it(
  'makes itself an account, has a day of dollars, goes on live, and takes up after a restart what it finds',
  async () => {
    const port = await freePort();
    const { child, said } = await startDemo(port);
    const cluster_id = setting(said, 'CLUSTER');
    const client = createRestapiClient({
      baseUrl: setting(said, 'API').replace(/\/restapi\/v2$/, ''),
      token: () => setting(said, 'TOKEN'),
    });
    const endMs = Math.floor(Date.now() / hourMs) * hourMs;
    const day = await client.getClusterCosts({
      params: { cluster_id },
      query: { start_time: (endMs - 20 * hourMs) / 1000, end_time: endMs / 1000, step: '1h' },
    });
    expect(day.coverage).toBe(1);
    expect(day.total.total_cost).toBeGreaterThan(0);

    const sender = await startSender(port);
    const counted = async (metric: string): Promise<number> => {
      const text = await fetch(sender).then(
        (answer) => answer.text(),
        () => '',
      );
      return Number(new RegExp(`^prometheus_remote_storage_${metric}\\{.*\\} (.*)$`, 'm').exec(text)?.[1] ?? 0);
    };
    await waitFor(async () => (await counted('bytes_total')) > 0 && (await counted('samples_pending')) === 0, {
      what: 'samples of the Prometheus that the gateway has taken',
      timeoutMs: 120_000,
      intervalMs: 250,
    });
    expect(await counted('samples_failed_total')).toBe(0);

    await end(child);
    const again = await startDemo(port);
    expect(setting(again.said, 'CLUSTER')).toBe(cluster_id);
    const { organizations } = await client.listOrganizations({});
    const { clusters } = await client.listClusters({ params: { organization_id: setting(said, 'ORGANIZATION') } });
    expect([organizations.length, clusters.length]).toEqual([1, 1]);
  },
  startDeadlineMs,
);
