import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LocalServer } from '@cloudtuner/local-servers';
import { temporaryFolder } from '@cloudtuner/test-kit';
import { holdStatement, operate, startOperate } from './operate';
import { backfill, lastClosedDay, pushPast, startPlatform, type Platform, type Tenant } from './platform';
import { changedPaths, recordAnswers, type RecordedAnswers } from './recorded-answers';

const startDeadlineMs = 600_000;
const stepDeadlineMs = 400_000;
const day = lastClosedDay();

let platform: Platform;
let tenant: Tenant;
let before: RecordedAnswers;
const folder = temporaryFolder('backup');
const backupFolder = path.join(folder.path, 'monday');

const bill = [
  'BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,EffectiveCost,ServiceName',
  `7.25,USD,Usage,${new Date(day.startMs).toISOString()},${new Date(day.endMs).toISOString()},7.25,Amazon S3`,
  '',
].join('\r\n');

/** Something in every store and of every kind. */
async function fill(): Promise<void> {
  const { client, organizationId, accountId } = tenant;
  await client.setAllocationLabelKeys({ params: { cloud_account_id: accountId }, body: { keys: ['app'] } });
  await pushPast(platform, [tenant], day.startMs - 10 * 60_000, day.endMs + 60_000);
  await backfill(tenant, day.startMs, day.endMs);
  const aws = await client.createCloudAccount({
    params: { organization_id: organizationId },
    body: { name: 'aws', type: 'aws_cnr' },
  });
  await client.createExpenseImport({
    params: { cloud_account_id: aws.id },
    query: { file_name: 'bill.csv' },
    upload: Buffer.from(bill),
  });
  await client.createPool({ params: { organization_id: organizationId }, body: { name: 'platform' } });
}

const stores = (): readonly LocalServer[] => {
  const { redis, mongodb, clickhouse } = platform.servers;
  return [redis, mongodb, clickhouse];
};
const services = (): readonly LocalServer[] => Object.values(platform.services) as LocalServer[];

/** The machines of the stores burn down; their backups lie elsewhere. */
async function wipe(): Promise<void> {
  for (const server of stores()) {
    await server.kill();
    if (server.dataDir === undefined) throw new Error(`${server.name} is not ours to wipe`);
    rmSync(path.join(server.dataDir, 'files'), { recursive: true, force: true });
    rmSync(path.join(server.dataDir, 'appendonlydir'), { recursive: true, force: true });
    rmSync(path.join(server.dataDir, 'dump.rdb'), { force: true });
    await server.restart();
  }
}

beforeAll(async () => {
  platform = await startPlatform('prometheus');
  tenant = await platform.createTenant('shop', 'shop');
  await fill();
  before = await recordAnswers(platform, tenant, day);
}, startDeadlineMs);
afterAll(async () => {
  await platform.stop();
  folder.remove();
}, startDeadlineMs);

it(
  'tells an interrupted backup from a whole one, and makes it whole when it is run again',
  async () => {
    const clickhouse = await holdStatement(platform.servers.clickhouse.url, /^BACKUP .*facts/s);
    const run = startOperate(platform, ['backup', '--folder', backupFolder], { CLICKHOUSE_URL: clickhouse.url });
    await Promise.race([clickhouse.held, run.ended]);
    await run.kill();
    clickhouse.stop();
    const refused = await operate(platform, 'restore', '--folder', backupFolder);
    expect([refused.exitCode, refused.failure]).toEqual([1, expect.stringContaining('was interrupted')]);

    const whole = await operate(platform, 'backup', '--folder', backupFolder);
    expect([whole.exitCode, whole.failure]).toEqual([0, '']);
    expect(existsSync(path.join(backupFolder, 'manifest.json'))).toBe(true);
    const again = await operate(platform, 'backup', '--folder', backupFolder);
    expect([again.exitCode, again.failure]).toEqual([1, expect.stringContaining('backup-exists')]);
  },
  stepDeadlineMs,
);

it(
  'does not restore over data, nor a file that has changed',
  async () => {
    const over = await operate(platform, 'restore', '--folder', backupFolder);
    expect([over.exitCode, over.failure]).toEqual([1, expect.stringContaining('stores-not-empty')]);

    const file = path.join(backupFolder, 'mongodb', 'users.bson');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, -1));
    const broken = await operate(platform, 'restore', '--folder', backupFolder);
    writeFileSync(file, bytes);
    expect([broken.exitCode, broken.failure]).toEqual([1, expect.stringMatching(/users\. \(backup-incomplete/)]);
    expect(changedPaths(before, await recordAnswers(platform, tenant, day))).toEqual([]);
  },
  stepDeadlineMs,
);

it(
  'has the same answers byte for byte after everything was lost and restored, by a restore that was killed half-way and run again',
  async () => {
    for (const service of services()) await service.kill('SIGTERM');
    await wipe();
    const clickhouse = await holdStatement(platform.servers.clickhouse.url, /^RESTORE .*pointers/s);
    const run = startOperate(platform, ['restore', '--folder', backupFolder], { CLICKHOUSE_URL: clickhouse.url });
    await Promise.race([clickhouse.held, run.ended]);
    await run.kill();
    clickhouse.stop();

    const restored = await operate(platform, 'restore', '--folder', backupFolder);
    expect([restored.exitCode, restored.failure]).toEqual([0, '']);
    const over = await operate(platform, 'restore', '--folder', backupFolder);
    expect(over.failure).toContain('stores-not-empty');
    for (const service of services()) await service.restart();

    expect(changedPaths(before, await recordAnswers(platform, tenant, day))).toEqual([]);
  },
  stepDeadlineMs,
);
