import { execFile } from 'node:child_process';
import path from 'node:path';
import { workspaceRoot } from '@cloudtuner/local-servers';
import { z } from 'zod';
import { startPlatform, type Platform } from './platform';

const startDeadlineMs = 600_000;
const program = path.join(workspaceRoot(), 'deploy/local/launcher/dist/check-main.js');
const report = z.object({
  cloud_account_id: z.uuid(),
  checks: z.array(z.object({ check: z.string(), failure: z.string() })),
});
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform('thanos');
}, startDeadlineMs);
afterAll(() => platform.stop(), startDeadlineMs);

/** The program that compose.sh and kind.sh run against an installation, against this one. */
function check(
  environment: Readonly<Record<string, string>>,
): Promise<{ exitCode: number; out: string; failure: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program], { env: environment }, (_error, out, failure) => {
      resolve({ exitCode: child.exitCode ?? -1, out, failure });
    });
  });
}

const address = () => ({
  RESTAPI_URL: platform.services.restapi.url,
  GATEWAY_URL: platform.services.diproxy.url,
  CLUSTER_SECRET: platform.clusterSecret,
});

it(
  'what compose.sh and kind.sh ask of an installation holds of this one, and its logs tell that data arrive',
  async () => {
    const { exitCode, out, failure } = await check(address());
    expect([exitCode, failure]).toEqual([0, '']);
    const { cloud_account_id, checks } = report.parse(JSON.parse(out));
    expect(checks).toEqual(
      [
        'takes a day of samples',
        'turns it into dollars',
        'says what the cluster cost, to the cent',
        'has the same total in the expenses',
        'keeps strangers out',
      ].map((each) => ({ check: each, failure: '' })),
    );
    const { diproxy, worker } = platform.services;
    for (const { name, logRecords } of [diproxy, worker]) {
      const naming = logRecords().filter((record) => JSON.stringify(record).includes(cloud_account_id));
      expect({ name, logged: naming.length > 0 }).toEqual({ name, logged: true });
    }
  },
  startDeadlineMs,
);

it(
  'fails where the installation does not do what is asked',
  async () => {
    const elsewhere = await check({ ...address(), GATEWAY_URL: platform.services.restapi.url });
    expect(elsewhere.exitCode).toBe(1);
    expect(report.parse(JSON.parse(elsewhere.out)).checks.map(({ failure }) => failure === '')).toEqual([false]);
    expect((await check({ ...address(), CLUSTER_SECRET: 'not-the-secret-of-it' })).exitCode).toBe(1);
    expect((await check({})).exitCode).toBe(64);
  },
  startDeadlineMs,
);
