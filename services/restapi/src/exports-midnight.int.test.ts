import { sharedServers } from '@cloudtuner/test-kit';
import { cpuPoint } from './testing/fake-metroculus';
import { createOrganization, type TestOrganization } from './testing/restapi-harness';
import { storeHours } from './testing/stored-hours';
import { startTestWorld, type TestWorld } from './testing/test-world';

// Just after midnight the last hours of yesterday are still being written.

const midnight = Date.parse('2026-03-10T00:00:00Z') / 1000;
const hourSeconds = 3600;
const lastHour = midnight - hourSeconds;

let nowMs = (midnight + 300) * 1000;
let world: TestWorld;
let organization: TestOrganization;
let account: string;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { now: () => nowMs });
  organization = await createOrganization(world.harness);
  const params = { organization_id: organization.id };
  const body = { name: 'shop', type: 'kubernetes_cnr' as const };
  ({ id: account } = await world.harness.client(organization.owner.token).createCloudAccount({ params, body }));
}, 120_000);
afterAll(() => world.stop());

async function download(file: string, startSeconds: number, endSeconds: number) {
  const url = `${world.harness.url}/restapi/v2/organizations/${organization.id}/exports/${file}`;
  const response = await fetch(`${url}?start_date=${String(startSeconds)}&end_date=${String(endSeconds)}`, {
    headers: { authorization: `Bearer ${organization.owner.token}` },
  });
  return { response, text: await response.text() };
}

const files = ['clean_expenses.csv', 'allocations.csv', 'focus.csv'];
const day = 86_400;

async function expectNotClosed(): Promise<void> {
  for (const file of files) {
    const { response, text } = await download(file, midnight - day, midnight);
    expect([file, response.status]).toEqual([file, 409]);
    expect(JSON.parse(text)).toMatchObject({ code: 'export-not-closed' });
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  }
}

const hour = (closed: boolean, version: string, cost: bigint) => ({
  hour: lastHour,
  version,
  closed,
  // Read a moment ago: an answer would take it as it is, and another one a minute later.
  readAtMs: nowMs - 1000,
  assets: [{ cpu_cost: cost }],
});

describe('an export of the day that is just over', () => {
  it('waits for an hour that a late worker has not stored, of which there are samples', async () => {
    nowMs = (midnight + 1200) * 1000;
    world.metroculus.points.set(account, [cpuPoint(lastHour, 3)]);
    await expectNotClosed();
    world.metroculus.points.delete(account);
    for (const file of files) expect((await download(file, midnight - day, midnight)).response.status).toBe(200);
    nowMs = (midnight + 300) * 1000;
  });

  it('waits until hours can be closed, and until they are; then it is the same each time', async () => {
    await storeHours(world.clickhouse, account, [hour(false, 'open', 1_000_000_000n)]);
    await expectNotClosed();
    nowMs = (midnight + 1200) * 1000;
    await expectNotClosed();
    // The days before are exported all the while.
    for (const file of files) {
      expect((await download(file, midnight - 2 * day, midnight - day)).response.status).toBe(200);
    }
    await storeHours(world.clickhouse, account, [hour(true, 'closed', 2_000_000_000n)]);
    for (const file of files) {
      const [first, second] = [
        await download(file, midnight - day, midnight),
        await download(file, midnight - day, midnight),
      ];
      expect([file, first.response.status]).toEqual([file, 200]);
      expect(first.response.headers.get('x-total-cost')).toBe('2.000000000');
      expect(second.text).toBe(first.text);
      expect(second.response.headers.get('x-data-version')).toBe(first.response.headers.get('x-data-version'));
    }
  });
});
