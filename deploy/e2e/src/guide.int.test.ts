import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, readServers, workspaceRoot } from '@cloudtuner/local-servers';
import { createSampleCluster } from '@cloudtuner/sample-cluster';
import { temporaryFolder, waitFor } from '@cloudtuner/test-kit';
import { nanosFromNumber, parseNanos } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { hourMs, startPlatform, type Platform, type Tenant } from './platform';

const startDeadlineMs = 600_000;
const guide = readFileSync(path.join(workspaceRoot(), 'docs/connect.md'), 'utf8');
const folder = temporaryFolder('guide');

/** The blocks of the guide in one language, in their order. */
const blocksOf = (language: string): string[] =>
  Array.from(guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm')), ([, text = '']) => text);

let platform: Platform;
let tenant: Tenant;
let shell: ChildProcess | undefined;

beforeAll(async () => {
  platform = await startPlatform('prometheus');
  tenant = await platform.createTenant('first', 'shop');
}, startDeadlineMs);
afterAll(async () => {
  if (shell !== undefined && shell.exitCode === null) {
    const ended = once(shell, 'exit');
    shell.kill('SIGTERM');
    await ended;
  }
  await platform.stop();
  folder.remove();
}, startDeadlineMs);

/** A `prometheus` on the PATH, as the reader of the guide has one. */
function pathWithPrometheus(): string {
  const { prometheus } = readServers();
  if (prometheus?.kind !== 'binary') throw new Error('This test needs a Prometheus that is a program.');
  const bin = path.join(folder.path, 'bin');
  mkdirSync(bin);
  symlinkSync(prometheus.path, path.join(bin, 'prometheus'));
  return `${bin}:${process.env['PATH'] ?? ''}`;
}

/** Types the guide's commands into one shell, in an empty folder. What the last of them prints comes back; the rest goes on running. */
async function followGuide(env: Readonly<Record<string, string>>): Promise<string> {
  const work = path.join(folder.path, 'work');
  mkdirSync(work);
  const [remoteWrite = ''] = blocksOf('yaml prometheus');
  writeFileSync(path.join(work, 'remote-write.yml'), remoteWrite);
  const steps = blocksOf('sh try');
  const last = steps.pop() ?? '';
  // Processes of the guide end with the shell.
  const script = `set -eu\ntrap 'kill $(jobs -p)' EXIT\ntrap 'exit 0' TERM\n${steps.join('\n')}\n(\n${last}\n) > answer\necho done\nwait`;
  shell = spawn('bash', ['-c', script], { cwd: work, env: { ...env, PATH: pathWithPrometheus() } });
  let said = '';
  let failed = '';
  shell.stderr?.on('data', (chunk: Buffer) => (failed += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    shell?.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (/^done$/m.test(said)) resolve();
    });
    shell?.once('exit', (code) => {
      reject(new Error(`the guide's commands ended with ${String(code)}: ${failed.slice(-2_000)}`));
    });
  });
  return readFileSync(path.join(work, 'answer'), 'utf8');
}

it(
  'leads from an empty folder to the costs of a Prometheus that was configured by hand',
  async () => {
    const beforeMs = Date.now();
    const text = await followGuide({
      API: `${platform.services.restapi.url}/restapi/v2`,
      GATEWAY: platform.services.diproxy.url,
      TOKEN: tenant.token,
      ORGANIZATION: tenant.organizationId,
      CLOUDTUNER: workspaceRoot(),
      EXPORTER_PORT: String(await freePort()),
      PROMETHEUS_PORT: String(await freePort()),
      HOME: folder.path,
    });
    const answer = z
      .object({ cluster_id: z.uuid(), freshness: z.object({ last_sample_at: z.int() }) })
      .parse(JSON.parse(text));
    expect(answer.cluster_id).not.toBe(tenant.accountId);

    const { cluster_id } = answer;
    const measuredUntilMs = answer.freshness.last_sample_at * 1_000;
    expect(measuredUntilMs).toBeGreaterThanOrEqual(beforeMs - 1_000);
    // The exporter of the guide is this cluster: the same seed, the same book.
    const { book } = createSampleCluster({ seed: 1, name: 'research', clusterId: 'research', profile: 'research' });
    const window = {
      start_time: Math.floor(beforeMs / hourMs) * 3_600,
      end_time: Math.ceil(Date.now() / hourMs) * 3_600,
    };
    const { total, freshness } = await waitFor(
      async () => {
        const costs = await tenant.client.getClusterCosts({
          params: { cluster_id },
          query: { ...window, step: '1h', money: 'string' },
        });
        return typeof costs.total.total_cost === 'string' && Number(costs.total.cpu_cost) > 0 && costs;
      },
      { what: 'costs of the new cluster', timeoutMs: 90_000, intervalMs: 500 },
    );
    // No more than from the first command to the last sample, whose second has not ended, and a cent of rounding.
    const most = book.costBetween(beforeMs - 1_000, ((freshness.last_sample_at ?? 0) + 1) * 1_000).total;
    expect(parseNanos(String(total.total_cost))).toBeLessThanOrEqual(most + nanosFromNumber(0.01));
  },
  startDeadlineMs,
);
