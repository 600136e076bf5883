import { runOperate } from './run-operate';

const environment = {
  REDIS_URL: 'redis://127.0.0.1:1',
  MONGODB_URL: 'mongodb://127.0.0.1:1',
  CLICKHOUSE_URL: 'http://127.0.0.1:1',
};
const organization = '3d4b1c1e-6f9a-4d0e-9b53-5c1c9d2f8a11';

async function operate(args: readonly string[], env: Readonly<Record<string, string>> = environment) {
  let failure = '';
  const terminal = { args, environment: env, out: () => undefined, fail: (text: string) => void (failure += text) };
  return { exitCode: await runOperate(terminal), failure };
}

it.each([
  ['no command', []],
  ['there is no command "drop-everything"', ['drop-everything']],
  ['--folder', ['backup']],
  ['--organization', ['delete-organization', '--organization', 'acme']],
  ['delete-account needs --account', ['delete-account', '--organization', organization]],
  [
    'delete-organization takes no --account',
    ['delete-organization', '--organization', organization, '--account', organization],
  ],
  ['--audit', ['delete-organization', '--organization', organization, '--audit', 'burn']],
])('says "%s" and how it is used, before it connects to anything', async (text, args) => {
  const { exitCode, failure } = await operate(args);
  expect([exitCode, failure]).toEqual([64, expect.stringContaining(text)]);
  expect(failure).toContain('npm run operate -- <command>');
});

it('names what the environment lacks, and not its values', async () => {
  const { exitCode, failure } = await operate(['backup', '--folder', 'x'], { CLICKHOUSE_URL: 'not an address' });
  expect([exitCode, failure]).toEqual([78, expect.stringContaining('MONGODB_URL')]);
  expect(failure).not.toContain('not an address');
});

it('refuses a destination in which two backups would lie at the same place', async () => {
  const env = { ...environment, BACKUP_CLICKHOUSE_TO: "File('monday')" };
  const { exitCode, failure } = await operate(['backup', '--folder', '/nonexistent/backup'], env);
  expect([exitCode, failure]).toEqual([1, expect.stringContaining('{name}')]);
});
