import { sharedServers } from '@cloudtuner/test-kit';
import {
  createMember,
  createOrganization,
  type RestapiHarness,
  type TestOrganization,
} from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

const daySeconds = 86_400;
/** Accounts are made today; the service believes that three days have passed since. */
const day = Math.floor(Date.now() / 1000 / daySeconds) * daySeconds;
const nowMs = (day + 3 * daySeconds) * 1000;

let world: TestWorld;
let harness: RestapiHarness;
let organization: TestOrganization;
beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs });
  ({ harness } = world);
  organization = await createOrganization(harness);
}, 120_000);
afterAll(() => world.stop());

async function createAccount(type: 'kubernetes_cnr' | 'aws_cnr' = 'kubernetes_cnr') {
  const api = harness.client(organization.owner.token);
  const params = { organization_id: organization.id };
  const { id } = await api.createCloudAccount({ params, body: { name: `shop ${String(Math.random())}`, type } });
  return { api, params: { cloud_account_id: id } };
}

const periodsAt = (from: number, price: number) => [
  { effective_from: from, nodes: [{ cpu_core_hour_price: price, match: {}, applies: 'always' as const }], storage: [] },
];

describe('price books', () => {
  it('are versions; what is past is computed again from where they differ', async () => {
    const { api, params } = await createAccount();
    expect(await api.getPriceBook({ params })).toEqual({
      cloud_account_id: params.cloud_account_id,
      version: 0,
      periods: [],
      created_at: null,
      created_by: null,
    });
    const first = await api.putPriceBook({ params, body: { version: 0, periods: periodsAt(day, 0.02) } });
    expect(first).toMatchObject({ version: 1, periods: periodsAt(day, 0.02) });
    const backfill = await api.getBackfill({ params: { ...params, backfill_id: first.backfill_id ?? '' } });
    // Whole hours from the first in which the account was there.
    expect(backfill.start_time).toBeGreaterThanOrEqual(day);
    expect(backfill.start_time).toBeLessThanOrEqual(Date.now() / 1000);
    expect(backfill.end_time).toBe(nowMs / 1000);
    expect(await api.getPriceBook({ params })).toMatchObject({ version: 1, periods: periodsAt(day, 0.02) });
    const same = await api.putPriceBook({ params, body: { version: 1, periods: periodsAt(day, 0.02) } });
    expect(same).toMatchObject({ version: 2, backfill_id: null });
    await expect(
      api.putPriceBook({ params, body: { version: 1, periods: periodsAt(day, 0.03) } }),
    ).rejects.toMatchObject({ code: 'price-book-changed' });
  });

  it('that begin in the future compute nothing again', async () => {
    const { api, params } = await createAccount();
    const body = { version: 0, periods: periodsAt(nowMs / 1000 + daySeconds, 0.02) };
    expect((await api.putPriceBook({ params, body })).backfill_id).toBeNull();
  });

  it('that cannot be are refused by name, and nothing is stored', async () => {
    const { api, params } = await createAccount();
    await expect(api.putPriceBook({ params, body: { version: 0, periods: periodsAt(day, -1) } })).rejects.toMatchObject(
      { code: 'invalid-request' },
    );
    expect((await api.getPriceBook({ params })).version).toBe(0);
  });

  it('are read by viewers and changed by managers', async () => {
    const { params } = await createAccount();
    const [viewer, manager] = await Promise.all(
      (['viewer', 'manager'] as const).map(async (role) =>
        harness.client(await createMember(harness, organization, role)),
      ),
    );
    expect((await viewer?.getPriceBook({ params }))?.version).toBe(0);
    const body = { version: 0, periods: periodsAt(day, 0.02) };
    await expect(viewer?.putPriceBook({ params, body })).rejects.toMatchObject({ code: 'forbidden' });
    expect((await manager?.putPriceBook({ params, body }))?.version).toBe(1);
  });

  it('are for clusters: a source of bills has its prices in its bills', async () => {
    const { api, params } = await createAccount('aws_cnr');
    await expect(
      api.putPriceBook({ params, body: { version: 0, periods: periodsAt(day, 0.02) } }),
    ).rejects.toMatchObject({ code: 'account-not-kubernetes' });
  });
});

describe('labels that are summed by day', () => {
  it('are stored each once and sorted', async () => {
    const { api, params } = await createAccount();
    const answer = await api.setAllocationLabelKeys({ params, body: { keys: ['team', 'app', 'team'] } });
    expect(answer).toEqual({ cloud_account_id: params.cloud_account_id, keys: ['app', 'team'] });
    await expect(api.setAllocationLabelKeys({ params, body: { keys: ['not a label'] } })).rejects.toMatchObject({
      code: 'invalid-request',
    });
  });
});
