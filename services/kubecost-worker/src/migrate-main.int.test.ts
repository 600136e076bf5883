import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { connectClickhouse, schemaVersion, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { randomDatabase, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { workerEnvironment } from './testing/worker-process';

const database = randomDatabase();
const nowhere = 'http://127.0.0.1:1';
let clickhouse: ClickhouseClient;
let environment: Record<string, string>;

/** Runs the built program to its end. */
async function migrate(env: Record<string, string>): Promise<{ exitCode: number; output: string }> {
  const program = path.resolve(__dirname, '../dist/migrate-main.js');
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [exitCode] = (await once(child, 'close')) as [number];
  return { exitCode, output };
}

beforeAll(async () => {
  const { url, username, password } = await sharedServers().clickhouse();
  clickhouse = connectClickhouse({ url, username, password, database });
  environment = {
    ...workerEnvironment({
      ...{ redisUrl: 'redis://127.0.0.1:1', mongodbUrl: 'mongodb://127.0.0.1:1', metroculusUrl: nowhere },
      ...{ prefix: 'migrate', clickhouseUrl: url, database, secret: 'a-secret-of-enough-characters' },
    }),
    CLICKHOUSE_USERNAME: username,
    CLICKHOUSE_PASSWORD: password,
  };
});

afterAll(async () => {
  const tag = { surface: 'test', route: 'migrate-main.int' };
  await clickhouse.server().command({ sql: `DROP DATABASE IF EXISTS ${database}`, tag, tenant: randomTenant() });
  await clickhouse.close();
});

describe('migrate-main', () => {
  it('needs ClickHouse alone, brings its schema up to date and ends; again it changes nothing', async () => {
    const { latest } = await schemaVersion(clickhouse);
    expect(await migrate(environment)).toMatchObject({ exitCode: 0 });
    expect(await schemaVersion(clickhouse)).toEqual({ applied: latest, latest });
    expect(await migrate(environment)).toMatchObject({ exitCode: 0 });
  });

  it('ends with 1 while ClickHouse is away, so that its Job tries again', async () => {
    const { exitCode, output } = await migrate({ ...environment, CLICKHOUSE_URL: nowhere });
    expect(exitCode).toBe(1);
    expect(output).toContain('could not be brought up to date');
  });

  it('ends with 78 and names what is missing in the environment', async () => {
    const { CLICKHOUSE_URL: _missing, ...rest } = environment;
    expect(await migrate(rest)).toMatchObject({
      exitCode: 78,
      output: expect.stringContaining('CLICKHOUSE_URL is required') as string,
    });
  });
});
