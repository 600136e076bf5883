import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { connectClickhouse, migrate } from '@cloudtuner/clickhouse';
import { createRestapiClient, type RestapiClient } from '@cloudtuner/restapi-client';
import { randomDatabase, sharedServers, startService, waitFor, type LocalService } from '@cloudtuner/test-kit';
import { focusFile } from './testing/focus-files';

const secret = 'a cluster secret of tests only';
const patienceMs = 60_000;

let restapi: LocalService;
let clickhouse: Server;
/** Of statements on their way to ClickHouse: what is done with each; `kill`: it arrives, and then restapi is no more. */
let onStatement: (sql: string) => 'pass' | 'refuse' | 'kill' = () => 'pass';
let owner: RestapiClient;
let organizationId: string;

const connect = (token?: string): RestapiClient =>
  createRestapiClient({ baseUrl: restapi.url, secret, token: () => token, timeoutMs: 60_000 });

/** Passes requests on to the real server. */
async function startProxy(target: string): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', target);
    const { method = 'GET', headers } = incoming;
    const fate = onStatement(url.searchParams.get('query') ?? '');
    if (fate === 'refuse') {
      incoming.resume().once('end', () => outgoing.writeHead(503).end());
      return;
    }
    const upstream = httpRequest(url, { method, headers }, (answer) => {
      if (fate === 'kill') {
        answer.resume().once('end', () => void restapi.kill('SIGKILL'));
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      pipeline(answer, outgoing).catch(() => outgoing.destroy());
    });
    pipeline(incoming, upstream).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

beforeAll(async () => {
  const servers = sharedServers();
  const database = randomDatabase();
  const address = { ...(await servers.clickhouse()), database };
  const direct = connectClickhouse(address);
  await migrate(direct);
  await direct.close();
  clickhouse = await startProxy(address.url);
  restapi = await startService('restapi', {
    CLUSTER_SECRET: secret,
    MONGODB_URL: await servers.mongodbUrl(),
    MONGODB_DATABASE: database,
    CLICKHOUSE_URL: `http://127.0.0.1:${String((clickhouse.address() as AddressInfo).port)}`,
    CLICKHOUSE_USERNAME: address.username,
    ...(address.password === '' ? {} : { CLICKHOUSE_PASSWORD: address.password }),
    CLICKHOUSE_DATABASE: database,
    CLICKHOUSE_TIMEOUT_MS: '60000',
    REDIS_URL: await servers.redisUrl(),
    QUEUE_PREFIX: database,
    METROCULUS_URL: 'http://127.0.0.1:1',
  });
  const person = { email: `${randomUUID()}@example.org`, password: randomUUID() };
  const body = { name: 'Acme', owner: { ...person, display_name: 'O' } };
  ({ id: organizationId } = await connect().createOrganization({ body }));
  owner = connect((await connect().createToken({ body: person })).token);
}, 120_000);
afterAll(async () => {
  await restapi.stop();
  clickhouse.closeAllConnections();
  clickhouse.close();
});
afterEach(() => {
  onStatement = () => 'pass';
});

/** Details of the records of an operation, once there are so many. */
async function recorded(operation: string, count = 1) {
  return waitFor(
    async () => {
      const params = { organization_id: organizationId };
      const { records } = await owner.listAudit({ params, query: { operation, limit: 100 } });
      return records.length >= count ? records.map(({ details }) => details) : null;
    },
    { what: `records of ${operation}`, timeoutMs: patienceMs },
  );
}

async function billAccount(): Promise<string> {
  const body = { name: randomUUID(), type: 'aws_cnr' as const };
  return (await owner.createCloudAccount({ params: { organization_id: organizationId }, body })).id;
}

const importFile = (account: string) =>
  owner.createExpenseImport({
    params: { cloud_account_id: account },
    query: { file_name: 'march.csv' },
    upload: focusFile([{ EffectiveCost: '12.5' }]),
  });
const filesOf = async (account: string) =>
  (await owner.listExpenseFiles({ params: { cloud_account_id: account } })).expense_files;
const takesEffect = (sql: string): boolean => /INSERT INTO.*bill_files/s.test(sql);

describe('a change has its record when restapi is killed', () => {
  it('at the moment at which an imported file takes effect', async () => {
    const account = await billAccount();
    onStatement = (sql) => (takesEffect(sql) ? 'kill' : 'pass');
    await expect(importFile(account)).rejects.toMatchObject({ code: 'network' });
    onStatement = () => 'pass';
    await restapi.restart();
    const [file] = await filesOf(account);
    expect(file).toMatchObject({ file_name: 'march.csv' });
    const [details] = await recorded('createExpenseImport');
    expect(details).toMatchObject({ file_name: 'march.csv', data_version: file?.data_version });
  }, 120_000);

  it('at the moment at which a file is taken away', async () => {
    const account = await billAccount();
    await importFile(account);
    onStatement = (sql) => (takesEffect(sql) ? 'kill' : 'pass');
    const deletion = owner.deleteExpenseFile({
      params: { cloud_account_id: account },
      query: { file_name: 'march.csv' },
    });
    await expect(deletion).rejects.toMatchObject({ code: 'network' });
    onStatement = () => 'pass';
    await restapi.restart();
    expect(await filesOf(account)).toEqual([]);
    expect(await recorded('deleteExpenseFile')).toMatchObject([{ file_name: 'march.csv' }]);
  }, 120_000);

  it('before records of pools and rules have left the store that was changed', async () => {
    const params = { organization_id: organizationId };
    onStatement = (sql) => (sql.includes('audit_events') ? 'refuse' : 'pass');
    const kept = await owner.createPool({ params, body: { name: 'kept' } });
    const gone = await owner.createPool({ params, body: { name: 'gone' } });
    const rule = { name: 'rule', priority: 1, conditions: [{ type: 'tag_exists' as const, key: 'team' }] };
    const first = await owner.createAssignmentRule({ params, body: { ...rule, pool_id: kept.id } });
    await owner.createAssignmentRule({ params, body: { ...rule, pool_id: gone.id } });
    await owner.deleteAssignmentRule({ params: { ...params, rule_id: first.id } });
    await owner.deletePool({ params: { ...params, pool_id: gone.id } });
    await restapi.kill('SIGKILL');
    onStatement = () => 'pass';
    await restapi.restart();
    expect((await recorded('createPool', 2)).map(({ name }) => name).sort()).toEqual(['gone', 'kept']);
    expect(await recorded('deletePool')).toMatchObject([{ pool_id: gone.id }]);
    expect(await recorded('createAssignmentRule', 2)).toHaveLength(2);
    expect(await recorded('deleteAssignmentRule')).toMatchObject([{ rule_id: first.id }]);
    expect((await owner.listPools({ params })).pools.map(({ name }) => name)).toEqual(['kept']);
    expect((await owner.listAssignmentRules({ params })).assignment_rules).toEqual([]);
    // What is removed is gone: once more it is not there, and its name is free.
    await expect(owner.deletePool({ params: { ...params, pool_id: gone.id } })).rejects.toMatchObject({ status: 404 });
    await owner.createPool({ params, body: { name: 'gone' } });
  }, 120_000);
});
