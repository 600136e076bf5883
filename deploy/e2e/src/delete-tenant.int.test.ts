import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { createRestapiClient } from '@cloudtuner/restapi-client';
import { temporaryFolder } from '@cloudtuner/test-kit';
import { placesOf } from './leftovers';
import { holdStatement, operate, startOperate } from './operate';
import { backfill, lastClosedDay, pushPast, startPlatform, type Platform, type Tenant } from './platform';
import { changedPaths, recordAnswers, type RecordedAnswers } from './recorded-answers';
import { createTenantBlocks } from './tenant-blocks';

const startDeadlineMs = 600_000;
const stepDeadlineMs = 400_000;
const day = lastClosedDay();

let platform: Platform;
/** The organization that goes, and the one that stays. */
let leaving: Tenant;
let staying: Tenant;
let stayingBefore: RecordedAnswers;
let billsAccountId: string;
const sharedPerson = { email: 'both@example.org', display_name: 'Both', password: randomBytes(16).toString('hex') };

const run = promisify(execFile);
const shell = (command: string, env: Readonly<Record<string, string>>) =>
  run('bash', ['-c', `set -euo pipefail; ${command}`], { env: { ...process.env, ...env } });

const idsOf = ({ organizationId, accountId }: Tenant): string[] => [organizationId, accountId];
const now = ['--settle-seconds', '0'];

const billOf = (service: string): Buffer =>
  Buffer.from(
    [
      'BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,EffectiveCost,ServiceName',
      `3.5,USD,Usage,${new Date(day.startMs).toISOString()},${new Date(day.endMs).toISOString()},3.5,${service}`,
      '',
    ].join('\r\n'),
  );

/** Of the leaving organization something in every table, collection and queue that a customer can fill. */
async function fill(): Promise<void> {
  const { client, organizationId, accountId } = leaving;
  const params = { organization_id: organizationId };
  const account = { cloud_account_id: accountId };
  const bills = await client.createCloudAccount({ params, body: { name: 'aws', type: 'aws_cnr' } });
  billsAccountId = bills.id;
  await client.createExpenseImport({
    params: { cloud_account_id: bills.id },
    query: { file_name: 'bill.csv' },
    upload: billOf('Amazon S3'),
  });
  await client.setAllocationLabelKeys({ params: account, body: { keys: ['app'] } });
  await client.putPriceBook({
    params: account,
    body: { version: 0, periods: [{ effective_from: day.endMs / 1000, nodes: [{ cpu_core_hour_price: 0.03 }] }] },
  });
  const { id: poolId } = await client.createPool({ params, body: { name: 'platform' } });
  await client.createAssignmentRule({
    params,
    body: { name: 'all', priority: 1, pool_id: poolId, conditions: [{ type: 'cloud_account_is', value: accountId }] },
  });
  await client.createServiceToken({
    params,
    body: { name: 'ci', role: 'viewer', cloud_account_ids: [accountId, bills.id] },
  });
  const colleague = { display_name: 'Colleague', password: randomBytes(16).toString('hex') };
  await client.createUser({ params, body: { ...colleague, email: 'colleague@shop.example', role: 'viewer' } });
  await client.createUser({ params, body: { ...sharedPerson, role: 'viewer' } });
  const invited = await staying.client.createInvitation({
    params: { organization_id: staying.organizationId },
    body: { email: sharedPerson.email, role: 'viewer' },
  });
  const { display_name, password } = sharedPerson;
  const anybody = createRestapiClient({ baseUrl: platform.services.restapi.url });
  await anybody.acceptInvitation({ body: { invitation_token: invited.invitation_token, display_name, password } });
}

beforeAll(async () => {
  platform = await startPlatform('prometheus');
  leaving = await platform.createTenant('shop', 'shop');
  staying = await platform.createTenant('research', 'research');
  await fill();
  await pushPast(platform, [leaving, staying], day.startMs - 10 * 60_000, day.endMs + 60_000);
  for (const tenant of [leaving, staying]) await backfill(tenant, day.startMs, day.endMs);
  stayingBefore = await recordAnswers(platform, staying, day);
}, startDeadlineMs);
afterAll(() => platform.stop(), startDeadlineMs);

it(
  'looks where data of tenants is: in every store there is some',
  async () => {
    await recordAnswers(platform, leaving, day);
    const places = await placesOf(platform, idsOf(leaving));
    expect(places).toEqual(
      expect.arrayContaining(
        [
          ...['account_days', 'account_hours', 'allocation_days', 'allocation_dimension_days', 'allocation_hours'],
          ...['asset_hours', 'expenses'],
        ].map((table) => `clickhouse ${table}`),
      ),
    );
    expect(places).toEqual(
      expect.arrayContaining(
        ['assignment_rules', 'cloud_accounts', 'organizations', 'price_books', 'tokens', 'users'].map(
          (collection) => `mongodb ${collection}`,
        ),
      ),
    );
    expect(places).toContain('redis');
    expect(await placesOf(platform, [billsAccountId])).toEqual(
      expect.arrayContaining(['clickhouse bill_files', 'clickhouse bill_rows', 'mongodb expense_imports']),
    );
  },
  stepDeadlineMs,
);

it(
  'removes one account and leaves the rest of its organization',
  async () => {
    const options = ['--organization', leaving.organizationId, '--account', billsAccountId, ...now];
    const foreign = ['--organization', staying.organizationId, '--account', billsAccountId, ...now];
    expect((await operate(platform, 'delete-account', ...foreign)).failure).toContain('not-found');
    const kept = await operate(platform, 'delete-account', ...options, '--audit', 'keep');
    expect([kept.exitCode, kept.failure, kept.answer['audit']]).toEqual([0, '', 'kept']);
    expect(await placesOf(platform, [billsAccountId])).toEqual(['clickhouse audit_events']);
    const erased = await operate(platform, 'delete-account', ...options);
    expect([erased.exitCode, erased.failure]).toEqual([0, '']);
    expect(await placesOf(platform, [billsAccountId])).toEqual([]);
    expect(await placesOf(platform, [leaving.accountId])).toContain('clickhouse allocation_hours');
  },
  stepDeadlineMs,
);

it(
  'removes an organization from everywhere when it is run again after it was killed, and nothing of another one',
  async () => {
    const options = ['--organization', leaving.organizationId, ...now];
    const clickhouse = await holdStatement(platform.servers.clickhouse.url, /^ALTER TABLE `expenses`.* DELETE/s);
    const killed = startOperate(platform, ['delete-organization', ...options], { CLICKHOUSE_URL: clickhouse.url });
    await Promise.race([clickhouse.held, killed.ended]);
    await killed.kill();
    clickhouse.stop();
    expect(await placesOf(platform, idsOf(leaving))).toEqual(
      expect.arrayContaining(['clickhouse expenses', 'mongodb cloud_accounts', 'mongodb organizations']),
    );

    const done = await operate(platform, 'delete-organization', ...options);
    expect([done.exitCode, done.failure]).toEqual([0, '']);
    expect(done.answer['cloud_account_ids']).toEqual([leaving.accountId]);
    expect(await placesOf(platform, [...idsOf(leaving), 'owner@shop.example', 'colleague@shop.example'])).toEqual([]);
    const again = await operate(platform, 'delete-organization', ...options);
    expect([again.exitCode, again.answer['removed']]).toEqual([0, { clickhouse: {}, mongodb: {}, redis: 0 }]);

    expect(changedPaths(stayingBefore, await recordAnswers(platform, staying, day))).toEqual([]);
    const { email, password } = sharedPerson;
    const shared = createRestapiClient({ baseUrl: platform.services.restapi.url });
    const { token } = await shared.createToken({ body: { email, password } });
    const mine = await createRestapiClient({
      baseUrl: platform.services.restapi.url,
      token: () => token,
    }).getCurrentUser({});
    expect(mine.organizations.map(({ id }) => id)).toEqual([staying.organizationId]);
  },
  stepDeadlineMs,
);

it(
  'names the calls that remove the samples: Prometheus does as they say, and keeps those of others',
  async () => {
    const { queryUrl } = platform.servers.store;
    // Deleted samples count no more at once; the names of their series stay until the next compaction.
    const seriesOf = async ({ accountId }: Tenant): Promise<number> => {
      const query = `count({__name__=~".+", tenant_id="${accountId}"})`;
      const parameters = new URLSearchParams({ query, time: String(day.endMs / 1000) });
      const answer = await fetch(`${queryUrl}/api/v1/query?${parameters.toString()}`);
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      return Number(data.result[0]?.value[1] ?? 0);
    };
    expect(await seriesOf(leaving)).toBeGreaterThan(0);
    const options = ['--organization', leaving.organizationId, '--account', leaving.accountId, ...now];
    const { answer } = await operate(platform, 'delete-account', ...options);
    const { prometheus } = answer['samples'] as { prometheus: string[] };
    for (const command of prometheus) await shell(command, { PROMETHEUS_URL: queryUrl });
    expect(await seriesOf(leaving)).toBe(0);
    expect(await seriesOf(staying)).toBeGreaterThan(0);
  },
  stepDeadlineMs,
);

it(
  'names the call that marks the blocks of Thanos: those of the tenant, and no other',
  async () => {
    const folder = temporaryFolder('blocks');
    try {
      const blocks = await createTenantBlocks(folder.path, [leaving.accountId, staying.accountId]);
      const options = ['--organization', leaving.organizationId, '--account', leaving.accountId, ...now];
      const { answer } = await operate(platform, 'delete-account', ...options);
      for (const command of (answer['samples'] as { thanos: string[] }).thanos) await shell(command, blocks.env);
      expect([leaving, staying].map(({ accountId }) => blocks.isMarked(accountId))).toEqual([true, false]);
    } finally {
      folder.remove();
    }
  },
  stepDeadlineMs,
);
