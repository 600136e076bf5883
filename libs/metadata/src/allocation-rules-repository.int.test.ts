import { randomUUID } from 'node:crypto';
import { allocationRulesSchema } from '@cloudtuner/cost-model';
import { randomDatabase, sharedServers } from '@cloudtuner/test-kit';
import { connectMetadata, type Metadata } from './metadata';

const at = new Date('2026-03-01T10:00:00Z');
const createdBy = randomUUID();
const rulesOf = (team: string, account?: string) => ({
  mapping: [
    { name: 'all', team },
    ...(account === undefined
      ? []
      : [{ name: 'one', team, conditions: [{ type: 'cloud_account_is' as const, value: account }] }]),
  ],
});

let metadata: Metadata;
beforeAll(async () => {
  const url = await sharedServers().mongodbUrl();
  metadata = connectMetadata({ url, database: randomDatabase(), appName: 'test', now: () => at });
});
afterAll(() => metadata.close());

describe('allocation rules', () => {
  it('are versions of which the last counts and none is lost, each organization’s own', async () => {
    const [organization, other] = [randomUUID(), randomUUID()];
    expect(await metadata.allocationRules.find(organization)).toBeNull();
    const first = await metadata.allocationRules.put(organization, { rules: rulesOf('a'), basedOn: 0, createdBy });
    expect(first).toEqual({ version: 1, rules: allocationRulesSchema.parse(rulesOf('a')), createdAt: at, createdBy });
    await metadata.allocationRules.put(organization, { rules: rulesOf('b'), basedOn: 1, createdBy });
    expect((await metadata.allocationRules.find(organization))?.rules.mapping[0]?.team).toBe('b');
    expect((await metadata.allocationRules.list(organization)).map(({ version }) => version)).toEqual([2, 1]);
    expect(await metadata.allocationRules.list(other)).toEqual([]);
  });

  it('cannot overwrite one another: of those made from the same version one is stored', async () => {
    const organization = randomUUID();
    const puts = Array.from({ length: 6 }, () =>
      metadata.allocationRules.put(organization, { rules: rulesOf('a'), basedOn: 0, createdBy }),
    );
    const outcomes = await Promise.allSettled(puts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'allocation-rules-changed' });
    }
  });

  it('name an account that is erased no more, in no version; what they say of others stays', async () => {
    const [organizationId, account, other] = [randomUUID(), randomUUID(), randomUUID()];
    await metadata.allocationRules.put(organizationId, { rules: rulesOf('a', account), basedOn: 0, createdBy });
    await metadata.allocationRules.put(organizationId, { rules: rulesOf('b', other), basedOn: 1, createdBy });
    const doomed = { organizationId, wholeOrganization: false, cloudAccountIds: [account], userIds: [] };
    await metadata.tenantErasure.erase(doomed);
    expect(await metadata.tenantErasure.mentions(doomed)).toEqual({});
    expect((await metadata.allocationRules.list(organizationId)).map(({ rules }) => rules.mapping.length)).toEqual([
      2, 1,
    ]);
    const gone = { ...doomed, wholeOrganization: true, cloudAccountIds: [account, other] };
    await metadata.tenantErasure.erase(gone);
    expect(await metadata.allocationRules.list(organizationId)).toEqual([]);
    expect(await metadata.tenantErasure.mentions(gone)).toEqual({});
  });
});
