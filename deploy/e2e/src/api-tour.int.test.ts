import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { workspaceRoot } from '@cloudtuner/local-servers';
import { createRestapiClient } from '@cloudtuner/restapi-client';
import { createSampleCluster } from '@cloudtuner/sample-cluster';
import { temporaryFolder } from '@cloudtuner/test-kit';
import { shapeDifferences } from './answer-shape';
import { backfill, dayMs, floorTo, hourMs, minuteMs, pushPast, startPlatform, type Platform } from './platform';

const startDeadlineMs = 600_000;
const tourDeadlineMs = 120_000;
const separator = '--- next ---';
const email = 'owner@tour.example';
const password = 'a-password-of-the-tour';
const folder = temporaryFolder('api-tour');
let platform: Platform;

interface Stop {
  readonly command: string;
  readonly language: string;
  readonly answer: string;
}

/** Each command of the tour, with the answer that the text gives below it. */
const tour: readonly Stop[] = Array.from(
  readFileSync(path.join(workspaceRoot(), 'docs/api-tour.md'), 'utf8').matchAll(
    /^```sh tour\n([\s\S]*?)^```$\s*^```(\w+)\n([\s\S]*?)^```$/gm,
  ),
  ([, command = '', language = '', answer = '']) => ({ command, language, answer }),
);

beforeAll(async () => {
  platform = await startPlatform('prometheus');
  const { clusterSecret, services } = platform;
  const operator = createRestapiClient({ baseUrl: services.restapi.url, secret: clusterSecret });
  const owner = { email, display_name: 'tour', password };
  const { id } = await operator.createOrganization({ body: { name: 'tour', owner } });
  const { token } = await operator.createToken({ body: { email, password } });
  const client = createRestapiClient({ baseUrl: services.restapi.url, token: () => token });
  const { id: accountId, credentials } = await client.createCloudAccount({
    params: { organization_id: id },
    body: { name: 'shop', type: 'kubernetes_cnr', owner: 'Platform team' },
  });
  const tenant = {
    ...{ organizationId: id, token, client, accountId },
    account: { write_username: credentials.username, write_password: credentials.password },
    cluster: createSampleCluster({ seed: 7, name: 'shop', clusterId: 'shop', profile: 'shop' }),
  };
  // Of today too, so that "yesterday" is there when midnight passes.
  const yesterdayMs = floorTo(dayMs, Date.now()) - dayMs;
  await pushPast(platform, [tenant], yesterdayMs, floorTo(minuteMs, Date.now()));
  await backfill(tenant, yesterdayMs, yesterdayMs + dayMs);
  const nowMs = floorTo(hourMs, Date.now());
  if (nowMs > yesterdayMs + dayMs) await backfill(tenant, yesterdayMs + dayMs, nowMs);
}, startDeadlineMs);
afterAll(async () => {
  await platform.stop();
  folder.remove();
}, startDeadlineMs);

/** Types the commands of the tour into one shell. @returns what each of them printed. */
async function takeTour(): Promise<readonly string[]> {
  const script = `set -eu\n${tour.map(({ command }) => `${command}\necho; echo '${separator}'`).join('\n')}`;
  const shell = spawn('bash', ['-c', script], {
    cwd: folder.path,
    env: {
      API: `${platform.services.restapi.url}/restapi/v2`,
      EMAIL: email,
      PASSWORD: password,
      PATH: process.env['PATH'],
    },
    signal: AbortSignal.timeout(tourDeadlineMs),
  });
  let said = '';
  let failed = '';
  shell.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  shell.stderr.on('data', (chunk: Buffer) => (failed += chunk.toString()));
  await once(shell, 'close');
  if (shell.exitCode !== 0)
    throw new Error(`the tour ended with ${String(shell.exitCode)}: ${failed}${said.slice(-500)}`);
  return said.split(separator).slice(0, -1);
}

it(
  'says of every command of the tour what it answers, in its form',
  async () => {
    expect(tour.length).toBeGreaterThan(10);
    const answers = await takeTour();
    const differences = tour.flatMap(({ command, language, answer }, index) => {
      const real = answers[index] ?? '';
      // A table is told by its header.
      const found =
        language === 'json'
          ? shapeDifferences(JSON.parse(answer), JSON.parse(real))
          : shapeDifferences([answer.split('\n')[0] === real.trim().split(/\r?\n/)[0]], [true]);
      return found.length === 0 ? [] : [{ command, found }];
    });
    expect(differences).toEqual([]);
  },
  startDeadlineMs,
);
