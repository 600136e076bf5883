import { randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { clusterSecret, startMetroculus, type Metroculus } from './testing/metroculus-harness';

const accountId = randomTenant();
// 2024-10-16T10:00:00Z
const start = 1_729_072_800;
const day = 86_400;

interface Problem {
  readonly code: string;
  readonly status: number;
  readonly details?: unknown;
}

let metroculus: Metroculus;
beforeAll(async () => {
  const { queryUrl } = await sharedServers().prometheus();
  metroculus = await startMetroculus({ queryUrl });
});
afterAll(() => metroculus.stop());

const path = (endpoint: string, parameters: Readonly<Record<string, string | number>>): string =>
  `/metroculus/v2/${endpoint}?${new URLSearchParams(
    Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()}`;

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toMatch('application/problem+json');
  const problem = (await response.json()) as Problem;
  expect(problem.status).toBe(response.status);
  return problem;
}

const endpoints = ['kubecost_metrics', 'kubecost_cluster_costs', 'kubecost_savings', 'kubecost_assets'];
const good = { cloud_account_id: accountId, start_date: start, end_date: start + 3600 };

describe.each(endpoints)('%s', (endpoint) => {
  it('is answered with the secret only', async () => {
    for (const headers of [
      {},
      { Secret: '' },
      { Secret: `${clusterSecret} ` + 'x' },
      { Secret: clusterSecret.slice(0, -1) },
      { Authorization: `Bearer ${clusterSecret}` },
    ]) {
      const response = await metroculus.get(path(endpoint, good), headers);
      expect([response.status, (await problemOf(response)).code]).toEqual([401, 'unauthenticated']);
    }
    expect((await metroculus.get(path(endpoint, good))).status).toBe(200);
  });

  const { cloud_account_id, start_date, end_date } = good;
  it.each([
    ['no account', { start_date, end_date }, 'cloud_account_id'],
    ['an account that is no UUID', { ...good, cloud_account_id: 'prod' }, 'cloud_account_id'],
    ['an attack as the account', { ...good, cloud_account_id: `${accountId}"} or {a="` }, 'cloud_account_id'],
    ['no start', { cloud_account_id, end_date }, 'start_date'],
    ['no end', { cloud_account_id, start_date }, 'end_date'],
    ['a date in words', { ...good, start_date: '2024-10-16' }, 'start_date'],
    ['a negative date', { ...good, start_date: -1 }, 'start_date'],
    ['a fraction of a second', { ...good, start_date: `${String(start)}.5` }, 'start_date'],
    ['milliseconds', { ...good, end_date: `${String(end_date)}000` }, 'end_date'],
    ['an empty date', { ...good, end_date: '' }, 'end_date'],
    ['an end at the start', { ...good, end_date: start }, 'end_date'],
    ['an end before the start', { ...good, end_date: start - 3600 }, 'end_date'],
    ['a parameter it does not know', { ...good, stpe: 60 }, ''],
  ])('refuses %s and names the field', async (_what, parameters, field) => {
    const response = await metroculus.get(path(endpoint, parameters));
    const problem = await problemOf(response);
    expect([response.status, problem.code]).toEqual([400, 'invalid-request']);
    expect(problem.details).toEqual(
      expect.arrayContaining([expect.objectContaining({ in: 'query', field }) as unknown]) as unknown,
    );
  });

  it('refuses a parameter that is given twice', async () => {
    const response = await metroculus.get(`${path(endpoint, good)}&start_date=${String(start)}`);
    expect([response.status, (await problemOf(response)).code]).toEqual([400, 'invalid-request']);
  });

  it('takes GET only', async () => {
    const response = await fetch(`${metroculus.url}/metroculus/v2/${endpoint}`, { method: 'POST' });
    expect([response.status, (await problemOf(response)).code]).toEqual([405, 'method-not-allowed']);
  });
});

describe.each(endpoints.slice(0, 3))('%s', (endpoint) => {
  it('covers 31 days and not a second more', async () => {
    const window = { ...good, end_date: start + 31 * day };
    const tooLong = await metroculus.get(path(endpoint, { ...window, end_date: window.end_date + 1 }));
    expect(await problemOf(tooLong)).toMatchObject({
      status: 422,
      code: 'range-too-long',
      details: { limit: 31, unit: 'days' },
    });
    if (endpoint !== 'kubecost_cluster_costs') expect((await metroculus.get(path(endpoint, window))).status).toBe(200);
  });
});

describe('kubecost_assets', () => {
  it.each([
    ['a start within an hour', { ...good, start_date: start + 60 }, 'start_date'],
    ['more than an hour', { ...good, end_date: start + 3601 }, 'end_date'],
  ])('refuses %s', async (_what, parameters, field) => {
    const problem = await problemOf(await metroculus.get(path('kubecost_assets', parameters)));
    expect(problem).toMatchObject({ status: 400, code: 'invalid-request', details: [{ field }] });
  });
});

describe('kubecost_metrics', () => {
  it.each([
    ['a name with a brace', { metrics: 'up}' }, 'metrics.0'],
    ['a pattern', { metrics: 'kubecost_.*' }, 'metrics.0'],
    ['an attack as a name', { metrics: 'up,a"} or {__name__=~".+"' }, 'metrics.1'],
    ['an empty name', { metrics: 'up,' }, 'metrics.1'],
    [
      'too many names',
      { metrics: Array.from({ length: 101 }, (_, index) => `m${String(index)}`).join(',') },
      'metrics',
    ],
    ['a step of zero', { step: 0 }, 'step'],
    ['a step in words', { step: '5m' }, 'step'],
  ])('refuses %s', async (_what, parameters, field) => {
    const problem = await problemOf(await metroculus.get(path('kubecost_metrics', { ...good, ...parameters })));
    expect(problem).toMatchObject({ status: 400, code: 'invalid-request', details: [{ field }] });
  });

  it('names the cap when a step gives more points per series than there may be', async () => {
    const window = { ...good, end_date: start + day };
    const problem = await problemOf(await metroculus.get(path('kubecost_metrics', { ...window, step: 7 })));
    expect(problem).toMatchObject({
      status: 422,
      code: 'too-many-points',
      details: { limit: 11_000, unit: 'points per series' },
    });
  });
});

describe('any other address', () => {
  it('is not found', async () => {
    const response = await metroculus.get('/metroculus/v1/kubecost_metrics');
    expect([response.status, (await problemOf(response)).code]).toEqual([404, 'not-found']);
  });

  it('of health needs no secret', async () => {
    expect((await metroculus.get('/healthz', {})).status).toBe(200);
    expect((await metroculus.get('/readyz', {})).status).toBe(200);
  });
});

it('the secret is in no log line, and the caller’s request id is in the line of its request', async () => {
  await metroculus.get(path('kubecost_assets', good), { Secret: clusterSecret, 'X-Request-Id': 'request-of-a-test' });
  const log = metroculus.logLines.join('');
  expect(log).toContain('request-of-a-test');
  expect(log).not.toContain(clusterSecret);
});
