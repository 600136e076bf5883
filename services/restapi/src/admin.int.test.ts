import { randomUUID } from 'node:crypto';
import { sharedServers } from '@cloudtuner/test-kit';
import { runAdmin } from './admin/run-admin';
import { startTestWorld, type TestWorld } from './testing/test-world';

let world: TestWorld;

beforeAll(async () => {
  world = await startTestWorld(sharedServers());
}, 120_000);
afterAll(() => world.stop());

async function admin(args: readonly string[], token?: string) {
  let [out, failure] = ['', ''];
  const exitCode = await runAdmin({
    args,
    environment: {
      RESTAPI_URL: world.harness.url,
      CLUSTER_SECRET: world.harness.clusterSecret,
      ...(token === undefined ? {} : { RESTAPI_TOKEN: token }),
    },
    out: (text) => (out += text),
    fail: (text) => (failure += text),
  });
  return { exitCode, failure, answer: (out === '' ? {} : JSON.parse(out)) as Record<string, unknown> };
}

describe('cloudtuner-admin', () => {
  it('makes an organization, an account, new credentials and a backfill, and shows them', async () => {
    const email = `${randomUUID()}@example.org`;
    const organization = await admin(['create-organization', '--name', 'Acme', '--email', email]);
    expect([organization.exitCode, organization.failure]).toEqual([0, '']);
    const password = String(organization.answer['password']);
    const { token } = await world.harness.client().createToken({ body: { email, password } });
    const organizationId = String(organization.answer['id']);
    const account = await admin(['create-account', '--organization', organizationId, '--name', 'shop'], token);
    expect(account.answer).toMatchObject({ name: 'shop', credentials: { username: account.answer['id'] } });
    const id = String(account.answer['id']);
    const rotated = await admin(['rotate-credentials', '--account', id, '--overlap-seconds', '0'], token);
    expect(rotated.answer['credentials']).not.toEqual(account.answer['credentials']);
    const window = ['--from', '2026-01-01', '--to', '2026-01-02T00:00:00Z'];
    const backfill = await admin(['start-backfill', '--account', id, ...window], token);
    // 2026-01-01T00:00:00Z
    expect(backfill.answer).toMatchObject({ start_time: 1_767_225_600, end_time: 1_767_225_600 + 86_400 });
    const shown = await admin(['show-backfill', '--account', id, '--backfill', String(backfill.answer['id'])], token);
    expect(shown.answer).toMatchObject({ cloud_account_id: id });
    await admin(['set-write-limits', '--account', id, '--limits', '{"series":500}']);
    const status = await admin(['account-status', '--account', id], token);
    expect(status.answer).toMatchObject({ status: 'never', write_limits: { series: 500 } });
    const { answer } = await admin(['list-accounts', '--organization', organizationId], token);
    expect(answer).toMatchObject({ cloud_accounts: [{ id }] });
  });

  it.each([
    [64, 'no command', []],
    [64, 'there is no command', ['drop-everything']],
    [64, 'needs --account', ['rotate-credentials']],
    [64, 'no-such-option', ['rotate-credentials', '--account', 'x', '--no-such-option', 'y']],
    [1, 'unauthenticated', ['account-status', '--account', randomUUID()]],
    [1, 'is no date', ['start-backfill', '--account', randomUUID(), '--from', 'monday', '--to', '2026-01-01']],
  ])('exits with %d and says "%s"', async (exitCode, text, args) => {
    const outcome = await admin(args);
    expect([outcome.exitCode, outcome.failure.includes(text)]).toEqual([exitCode, true]);
  });

  it('names what the environment lacks, and not its values', async () => {
    let failure = '';
    const exitCode = await runAdmin({
      args: ['account-status', '--account', 'x'],
      environment: { RESTAPI_URL: 'not an address' },
      out: () => undefined,
      fail: (text) => (failure += text),
    });
    expect(exitCode).toBe(78);
    expect(failure).toContain('RESTAPI_URL');
    expect(failure).not.toContain('not an address');
  });
});
