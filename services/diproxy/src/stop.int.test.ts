import { randomDatabase, sharedServers, startService, waitFor, type LocalService } from '@cloudtuner/test-kit';
import { exchangeRaw, basic, headersOf, openAccounts, post, validBody, type TestAccount } from './testing/gateway';
import { startSink, type Sink } from './testing/sink';

describe('diproxy: SIGTERM', () => {
  const database = randomDatabase('diproxy');
  let sink: Sink;
  let accounts: ReturnType<typeof openAccounts>;
  let account: TestAccount;
  let service: LocalService;

  const start = async (environment: Record<string, string>): Promise<void> => {
    service = await startService('diproxy', {
      MONGODB_URL: await sharedServers().mongodbUrl(),
      MONGODB_DATABASE: database,
      METRICS_STORE: 'thanos',
      METRICS_WRITE_URL: sink.url,
      METRICS_WRITE_PROTOCOL: '1',
      ...environment,
    });
  };

  beforeAll(async () => {
    accounts = openAccounts(await sharedServers().mongodbUrl(), database);
    account = await accounts.create();
  }, 60_000);
  beforeEach(async () => {
    sink = await startSink();
  });
  afterEach(async () => {
    await service.stop();
    await sink.stop();
  });
  afterAll(() => accounts.close());

  const send = () => post(service, { headers: headersOf(account), body: validBody() });
  const terminate = (): void => {
    if (service.pid === undefined) throw new Error('the service does not run');
    process.kill(service.pid, 'SIGTERM');
  };
  const ready = async (): Promise<number> => (await fetch(`${service.adminUrl}/readyz`)).status;

  it('is not ready at once, takes writes until balancers have noticed, then finishes what is in flight', async () => {
    await start({ SHUTDOWN_DELAY_SECONDS: '6', SHUTDOWN_DEADLINE_SECONDS: '50' });
    expect((await send()).status).toBe(204);
    expect(await ready()).toBe(200);
    const seen = sink.writes.length;
    sink.answer('hang');
    const inFlight = send();
    await waitFor(() => sink.writes.length === seen + 1, { what: 'the write to reach the store' });
    terminate();
    await waitFor(async () => (await ready()) === 503, { what: 'readiness to be off' });

    // Before the delay is over: taken, and told to come back on another connection.
    sink.answer({ status: 204 });
    const lines = [`Authorization: ${basic(account)}`, `Content-Length: ${String(validBody().length)}`];
    const head = Buffer.from(['POST /write HTTP/1.1', 'Host: gateway', ...lines, '', ''].join('\r\n'));
    const late = await exchangeRaw(service.port, Buffer.concat([head, validBody()]));
    expect(late).toMatch(/^HTTP\/1\.1 204/);
    expect(late).toMatch(/^connection: close\r$/im);

    // After it: refused, while the old write is still waited for.
    await waitFor(
      () =>
        send().then(
          () => false,
          () => true,
        ),
      { what: 'new connections to be refused', timeoutMs: 15_000 },
    );
    sink.release({ status: 200 });
    expect((await inFlight).status).toBe(200);
    expect(await service.exited).toMatchObject({ code: 0 });
  });

  it('says at the start when a stop would cut writes in flight', async () => {
    await start({ SHUTDOWN_DEADLINE_SECONDS: '10', METRICS_WRITE_TIMEOUT_SECONDS: '25' });
    expect(service.logRecords().some(({ msg }) => String(msg).includes('a stop may cut them'))).toBe(true);
  });
});
