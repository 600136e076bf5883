import {
  compressSnappy,
  createRemoteWriteClient,
  encodeWriteRequest,
  type RemoteWriteClient,
} from '@cloudtuner/remote-write';
import { waitFor } from '@cloudtuner/test-kit';
import { backfill, floorTo, hourMs, minuteMs, pushPast, startPlatform, type Platform, type Tenant } from './platform';

const startDeadlineMs = 300_000;
// Above every time limit of a service at what it depends on (the longest: a PromQL query, 30 s).
const answerWithinMs = 45_000;
const recoveryMs = 60_000;

type Dependency = 'mongodb' | 'redis' | 'clickhouse' | 'store';
type ServiceName = 'diproxy' | 'metroculus' | 'worker' | 'restapi';
type Question =
  | 'write'
  | 'write of an account never seen'
  | 'metroculus costs'
  | 'restapi costs'
  | 'restapi sign-in'
  | 'restapi backfill';

/** What the outside sees while one dependency is away. */
const expected: Readonly<
  Record<Dependency, { readonly unready: readonly ServiceName[]; readonly status: Readonly<Record<Question, number>> }>
> = {
  mongodb: {
    unready: ['diproxy', 'metroculus', 'worker', 'restapi'],
    status: {
      // A known account goes on from the cache; nobody can say whether another one exists.
      write: 204,
      'write of an account never seen': 503,
      // Nobody can say whether the account has prices of its own.
      'metroculus costs': 503,
      'restapi costs': 503,
      'restapi sign-in': 503,
      'restapi backfill': 503,
    },
  },
  redis: {
    unready: ['worker'],
    status: {
      write: 204,
      'write of an account never seen': 401,
      'metroculus costs': 200,
      'restapi costs': 200,
      'restapi sign-in': 201,
      'restapi backfill': 503,
    },
  },
  clickhouse: {
    unready: ['worker', 'restapi'],
    status: {
      write: 204,
      'write of an account never seen': 401,
      'metroculus costs': 200,
      'restapi costs': 503,
      'restapi sign-in': 201,
      'restapi backfill': 202,
    },
  },
  store: {
    // The worker has nothing to read from while metroculus has no store.
    unready: ['diproxy', 'metroculus', 'worker'],
    status: {
      write: 503,
      'write of an account never seen': 401,
      'metroculus costs': 503,
      // Stored facts are served, with a warning for the running hour.
      'restapi costs': 200,
      'restapi sign-in': 201,
      'restapi backfill': 202,
    },
  },
};

describe('while a dependency is away', () => {
  let platform: Platform;
  let tenant: Tenant;
  let client: RemoteWriteClient;
  const nowMs = floorTo(minuteMs, Date.now());
  const credentials = { email: 'owner@outage.example', password: 'not known, but 401 would need the store' };

  beforeAll(async () => {
    platform = await startPlatform('prometheus');
    tenant = await platform.createTenant('outage', 'research');
    await pushPast(platform, [tenant], floorTo(hourMs, nowMs) - 2 * hourMs - 10 * minuteMs, nowMs + 1);
    await backfill(tenant, floorTo(hourMs, nowMs) - 2 * hourMs, floorTo(hourMs, nowMs) - hourMs);
    client = createRemoteWriteClient({
      url: `${platform.services.diproxy.url}/storage/api/v2/write`,
      username: tenant.account.write_username,
      password: tenant.account.write_password,
    });
  }, startDeadlineMs);

  afterAll(async () => {
    await client.close();
    await platform.stop();
  }, startDeadlineMs);

  let value = 0;
  const write = async (username: string, password: string): Promise<Response> => {
    value += 1;
    const labels = [{ name: '__name__', value: 'kubecost_outage' }];
    const body = compressSnappy(
      encodeWriteRequest({ timeseries: [{ labels, samples: [{ value, timestampMs: Date.now() }] }] }),
    );
    return fetch(`${platform.services.diproxy.url}/storage/api/v2/write`, {
      method: 'POST',
      headers: {
        Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
        'Content-Type': 'application/x-protobuf',
        'Content-Encoding': 'snappy',
      },
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(answerWithinMs),
    });
  };
  const api = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${platform.services.restapi.url}/restapi/v2${path}`, {
      ...init,
      headers: { Authorization: `Bearer ${tenant.token}`, 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(answerWithinMs),
    });
  const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });
  const questions: Readonly<Record<Question, () => Promise<Response>>> = {
    write: () => write(tenant.account.write_username, tenant.account.write_password),
    'write of an account never seen': () => write(crypto.randomUUID(), 'whatever'),
    'metroculus costs': () =>
      fetch(
        `${platform.services.metroculus.url}/metroculus/v2/kubecost_cluster_costs?cloud_account_id=${tenant.accountId}` +
          `&start_date=${String(nowMs / 1000 - 3600)}&end_date=${String(nowMs / 1000)}`,
        { headers: { Secret: platform.clusterSecret }, signal: AbortSignal.timeout(answerWithinMs) },
      ),
    'restapi costs': () => api(`/kubecost/clusters/${tenant.accountId}/costs?window=6h&step=1h`),
    'restapi sign-in': () => api('/tokens', post(credentials)),
    'restapi backfill': () =>
      api(
        `/cloud_accounts/${tenant.accountId}/backfills`,
        post({ start_time: floorTo(hourMs, nowMs) / 1000 - 7200, end_time: floorTo(hourMs, nowMs) / 1000 - 3600 }),
      ),
  };
  const unreadyServices = async (): Promise<string[]> => {
    const names: ServiceName[] = ['diproxy', 'metroculus', 'worker', 'restapi'];
    const states = await Promise.all(
      names.map(async (name) => {
        const answer = await fetch(`${platform.services[name].adminUrl}/readyz`, {
          signal: AbortSignal.timeout(answerWithinMs),
        });
        return [name, answer.status] as const;
      }),
    );
    return states.filter(([, status]) => status === 503).map(([name]) => name);
  };
  const dependency = (name: Dependency) => platform.servers[name];

  const outages = (['mongodb', 'redis', 'clickhouse', 'store'] as const).flatMap((name) => [
    [name, 'down'] as const,
    [name, 'hanging'] as const,
  ]);

  it.each(outages)(
    'answers as documented with %s %s, turns unready, and recovers without a restart',
    async (name, how) => {
      const { unready, status } = expected[name];
      // The gateway has seen the account.
      expect((await questions.write()).status).toBe(204);
      if (how === 'down') await dependency(name).kill();
      else await dependency(name).pause();

      try {
        await waitFor(
          async () => {
            const names = (await unreadyServices()).join();
            if (names !== unready.join()) throw new Error(`unready: ${names}`);
            return true;
          },
          { what: `exactly ${unready.join()} to be unready`, timeoutMs: recoveryMs, intervalMs: 200 },
        );
        for (const [question, expectedStatus] of Object.entries(status) as [Question, number][]) {
          // Signing in with a wrong password is 401 when the store of users can be asked.
          const wanted = question === 'restapi sign-in' && expectedStatus === 201 ? 401 : expectedStatus;
          const answer = await questions[question]().catch((error: unknown) => {
            throw new Error(`no answer to ${question}`, { cause: error });
          });
          expect({ question, status: answer.status }).toEqual({ question, status: wanted });
          if (wanted === 503) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        }
        if (name === 'store') {
          const answer = (await (await questions['restapi costs']()).json()) as { warnings: { code: string }[] };
          expect(answer.warnings.map(({ code }) => code)).not.toEqual([]);
        }
      } finally {
        if (how === 'down') await dependency(name).restart();
        else await dependency(name).resume();
      }

      await waitFor(async () => (await unreadyServices()).length === 0, {
        what: 'every service to be ready again',
        timeoutMs: recoveryMs,
        intervalMs: 200,
      });
      await waitFor(async () => (await questions.write()).status === 204, {
        what: 'a write to be stored again',
        timeoutMs: recoveryMs,
      });
      await waitFor(async () => (await questions['restapi costs']()).status === 200, {
        what: 'costs to be served again',
        timeoutMs: recoveryMs,
      });
      expect((await questions['restapi backfill']()).status).toBe(202);
    },
    2 * recoveryMs + 120_000,
  );
});
