import { gunzipSync } from 'node:zlib';
import { get } from 'node:http';
import { sharedServers } from '@cloudtuner/test-kit';
import { createOrganization, startRestapi, type TestOrganization } from './testing/restapi-harness';
import { storeHours } from './testing/stored-hours';
import { startTestWorld, type TestWorld } from './testing/test-world';

const nowMs = Date.parse('2026-03-10T10:30:00Z');
const yesterday = Date.parse('2026-03-09T00:00:00Z') / 1000;

let world: TestWorld;
let organization: TestOrganization;
let accountId: string;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs });
  organization = await createOrganization(world.harness);
  const account = await world.harness.client(organization.owner.token).createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: 'shop', type: 'kubernetes_cnr' },
  });
  accountId = account.id;
  await storeHours(world.clickhouse, accountId, [
    { hour: yesterday, version: 'first', assets: [{ cpu_cost: 1_000_000_000n }] },
  ]);
}, 120_000);
afterAll(() => world.stop());

const read = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${world.harness.url}/restapi/v2${path}`, {
    headers: { authorization: `Bearer ${organization.owner.token}`, ...headers },
  });

describe('final answers', () => {
  const closed = (): string =>
    `/kubecost/clusters/${accountId}/costs?start_time=${String(yesterday)}&end_time=${String(yesterday + 3600)}`;

  it('are not sent again while they hold, and are when late data has changed them', async () => {
    const first = await read(closed());
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"[\w-]+"$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const again = await read(closed(), { 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    await storeHours(world.clickhouse, accountId, [
      { hour: yesterday, version: 'late', readAtMs: 2, assets: [{ cpu_cost: 2_000_000_000n }] },
    ]);
    const late = await read(closed(), { 'if-none-match': etag });
    expect(late.status).toBe(200);
    expect(late.headers.get('etag')).not.toBe(etag);
    expect(await late.json()).toMatchObject({ total: { total_cost: 2 } });
  });

  it('are those of closed windows alone', async () => {
    const running = await read(`/kubecost/clusters/${accountId}/costs?window=2h`);
    expect(running.status).toBe(200);
    expect(running.headers.get('etag')).toBeNull();
    expect(running.headers.get('cache-control')).toBe('no-store');
  });
});

describe('compression', () => {
  it('is for clients that take it', async () => {
    const body = (encoding: string) =>
      new Promise<{ encoding: string | undefined; bytes: Buffer }>((resolve, reject) => {
        const url = `${world.harness.url}/restapi/v2/openapi.json`;
        get(url, { headers: { 'accept-encoding': encoding } }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            resolve({ encoding: response.headers['content-encoding'], bytes: Buffer.concat(chunks) });
          });
        }).on('error', reject);
      });
    const plain = await body('identity');
    const packed = await body('gzip');
    expect([plain.encoding, packed.encoding]).toEqual([undefined, 'gzip']);
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 4);
    expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
  });
});

describe('a long address', () => {
  const filters = (count: number, length: number): string =>
    Array.from({ length: count }, () => `tag=${'x'.repeat(length)}`).join('&');
  const clean = (): string =>
    `/clean_expenses?organization_id=${organization.id}&start_date=${String(yesterday)}&end_date=${String(yesterday + 3600)}`;

  it('is taken up to 64 KiB, and answered by a problem beyond', async () => {
    expect((await read(`${clean()}&${filters(25, 2000)}`)).status).toBe(200);
    const refused = await read(`${clean()}&${filters(60, 2000)}`);
    expect([refused.status, refused.headers.get('content-type')]).toEqual([431, 'application/problem+json']);
    expect(await refused.json()).toMatchObject({ status: 431, code: 'headers-too-large' });
  });
});

describe('the page of the API', () => {
  it('shows the document with files of this service alone', async () => {
    const page = await read('/docs');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|https?:\/\//);
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const response = await fetch(`${world.harness.url}${file}`);
      expect([file, response.status, (await response.arrayBuffer()).byteLength > 100]).toEqual([file, 200, true]);
      const etag = response.headers.get('etag') ?? '';
      const known = await fetch(`${world.harness.url}${file}`, { headers: { 'if-none-match': etag } });
      expect([file, known.status]).toEqual([file, 304]);
    }
  });
});

describe('limits', () => {
  it('are shown in every answer, hold per token and per organization, and leave others alone', async () => {
    const harness = await startRestapi({
      ...world.stores,
      environment: { RATE_LIMIT_TOKEN_UNITS: '50', RATE_LIMIT_ORGANIZATION_UNITS: '80' },
    });
    const { id, owner } = await createOrganization(harness);
    const other = await createOrganization(harness);
    const again = await harness.client().createToken({ body: { email: owner.email, password: owner.password } });
    const ask = (token: string, organizationId = id): Promise<Response> =>
      fetch(`${harness.url}/restapi/v2/organizations/${organizationId}`, {
        headers: { authorization: `Bearer ${token}` },
      });
    const first = await ask(owner.token);
    expect([first.status, first.headers.get('ratelimit-limit'), first.headers.get('ratelimit-remaining')]).toEqual([
      200,
      '50',
      '49',
    ]);
    expect(Number(first.headers.get('ratelimit-reset'))).toBeGreaterThan(0);
    const statuses = async (token: string, count: number): Promise<number[]> => {
      const seen: number[] = [];
      for (let index = 0; index < count; index += 1) seen.push((await ask(token)).status);
      return seen;
    };
    expect(await statuses(owner.token, 50)).toEqual([...Array.from({ length: 49 }, () => 200), 429]);
    // The organization has had 50 of its 80.
    expect(await statuses(again.token, 31)).toEqual([...Array.from({ length: 30 }, () => 200), 429]);
    const refused = await ask(owner.token);
    expect(await refused.json()).toMatchObject({ code: 'rate-limited', status: 429 });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(other.owner.token, other.id)).status).toBe(200);
    await harness.stop();
  });
});
