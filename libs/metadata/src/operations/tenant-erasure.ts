import type { Db } from 'mongodb';
import { z } from 'zod';
import type { Guard } from '../driver-errors';
import type { Outbox, OutboxEntry } from '../outbox';

/** Whose documents go: one account, or all of an organization when `wholeOrganization`. */
export interface DoomedTenant {
  readonly organizationId: string;
  readonly wholeOrganization: boolean;
  readonly cloudAccountIds: readonly string[];
  /** People who belong to this organization only. */
  readonly userIds: readonly string[];
}

/** Takes tenants out of the store. Every method throws `metadata-unavailable` when the store is down, and may be run again. */
export interface TenantErasure {
  /**
   * All accounts of the organization, deleted ones too, and the people who belong to no other. Of those who were found before, whoever
   * is gone is answered again, and whoever has joined another organization since is not.
   */
  find(
    organizationId: string,
    userIdsBefore?: readonly string[],
  ): Promise<Pick<DoomedTenant, 'cloudAccountIds' | 'userIds'>>;
  /** Ends credentials and sessions, so that nothing new comes. */
  close(tenant: DoomedTenant): Promise<void>;
  /**
   * Removes every document of the tenant from every collection, accounts and the organization last. Answers how many, by collection.
   * Whoever has joined another organization by now stays, there.
   */
  erase(tenant: DoomedTenant): Promise<Readonly<Record<string, number>>>;
  /**
   * How many documents still name the organization or an account anywhere, or are of its people, by collection; collections without any
   * are left out. What a person has made in another organization is that organization's, and names the person on.
   */
  mentions(tenant: DoomedTenant): Promise<Readonly<Record<string, number>>>;
}

/** While these are there, a second run knows what the first one had to do. */
const last = ['users', 'cloud_accounts', 'organizations'];
const outboxPage = 1_000;
const idDocument = z.object({ _id: z.string() });
const userMemberships = z.object({
  _id: z.string(),
  memberships: z.array(z.object({ organization_id: z.string() })),
});
const entryOrganizations = z.object({ organizationIds: z.array(z.string()) });
const limitedToken = z.object({ _id: z.string(), account_ids: z.array(z.string()) });
const versionedRules = z.object({
  _id: z.string(),
  rules: z.object({ mapping: z.array(z.unknown()), shared_costs: z.array(z.unknown()) }),
});

/** As far as this file reads and writes them. */
interface Erasable {
  readonly _id: string;
  readonly account_ids?: string[];
  readonly only_organization_ids?: string[];
  readonly memberships?: { organization_id: string }[];
}

/** Of the organization and its accounts: nobody else has them. */
const idsOf = (tenant: DoomedTenant): string[] => [
  ...(tenant.wholeOrganization ? [tenant.organizationId] : []),
  ...tenant.cloudAccountIds,
];

/**
 * People who are in no other organization at the moment of the statement, whatever was read before. Nobody is in one twice, so they have
 * one membership; FerretDB finds others as well by `$not` with `$elemMatch`.
 */
const peopleOf = ({ organizationId, userIds }: DoomedTenant): object => ({
  _id: { $in: [...userIds] },
  memberships: { $size: 1 },
  'memberships.organization_id': organizationId,
});

/** Documents that belong to the tenant, by the names that references have in every collection. */
function belonging(tenant: DoomedTenant, collection: string): object {
  const accounts = { $in: [...tenant.cloudAccountIds] };
  const users = { $in: [...tenant.userIds] };
  const ofAccounts = [
    { _id: accounts },
    { cloud_account_id: accounts },
    // A rule without one of its conditions would hold for more than was meant.
    { 'conditions.value': accounts },
  ];
  if (!tenant.wholeOrganization) return { $or: ofAccounts };
  if (collection === 'users') return peopleOf(tenant);
  const ofOrganization = [{ _id: tenant.organizationId }, { organization_id: tenant.organizationId }];
  return { $or: [...ofAccounts, ...ofOrganization, { user_id: users }] };
}

async function shortenTokens(database: Db, accountIds: readonly string[]): Promise<void> {
  const tokens = database.collection<Erasable>('tokens');
  for (const found of await tokens.find({ account_ids: { $in: [...accountIds] } }).toArray()) {
    const { _id, account_ids } = limitedToken.parse(found);
    const left = account_ids.filter((id) => !accountIds.includes(id));
    // Without any account left it may see nothing, so it is of no use.
    if (left.length === 0) await tokens.deleteOne({ _id });
    else await tokens.updateOne({ _id }, { $set: { account_ids: left } });
  }
}

/**
 * Takes rules that name an account out of all versions: they hold for nothing else. Versions stay, because closed months were
 * computed by them.
 */
async function shortenRules(database: Db, organizationId: string, accountIds: readonly string[]): Promise<void> {
  const versions = database.collection<Erasable>('allocation_rules');
  const isLeft = (rule: unknown): boolean => !accountIds.some((id) => JSON.stringify(rule).includes(id));
  for (const found of await versions.find({ organization_id: organizationId }).toArray()) {
    const { _id, rules } = versionedRules.parse(found);
    const [mapping, shared_costs] = [rules.mapping.filter(isLeft), rules.shared_costs.filter(isLeft)];
    if (mapping.length + shared_costs.length === rules.mapping.length + rules.shared_costs.length) continue;
    await versions.updateOne({ _id }, { $set: { 'rules.mapping': mapping, 'rules.shared_costs': shared_costs } });
  }
}

/** Sign-ins that were good for this organization among others; good for no other, they end. */
async function narrowTokens(database: Db, organizationId: string): Promise<void> {
  const tokens = database.collection<Erasable>('tokens');
  await tokens.deleteMany({ only_organization_ids: [organizationId] });
  await tokens.updateMany(
    { only_organization_ids: organizationId },
    { $pull: { only_organization_ids: organizationId } },
  );
}

async function leaveOrganization(database: Db, tenant: DoomedTenant): Promise<void> {
  await narrowTokens(database, tenant.organizationId);
  const users = database.collection<Erasable>('users');
  for (const found of await users.find({ 'memberships.organization_id': tenant.organizationId }).toArray()) {
    const { _id } = idDocument.parse(found);
    if (tenant.userIds.includes(_id)) continue;
    const { memberships = [] } = found;
    const left = memberships.filter(({ organization_id }) => organization_id !== tenant.organizationId);
    // Since the tenant was found this is the only one left: the next round removes the person.
    if (left.length === 0) continue;
    // As they were read: who joins another organization at this moment stays in it, and the next round comes back to this.
    await users.updateOne({ _id, memberships }, { $set: { memberships: left } });
  }
}

/** The organizations that an entry is of; none when it does not say so. */
function organizationsOf(entry: OutboxEntry): readonly string[] {
  return entryOrganizations.safeParse(JSON.parse(entry)).data?.organizationIds ?? [];
}

async function emptyOutboxes(outbox: Outbox, tenant: DoomedTenant): Promise<void> {
  const isOfTenant = (entry: OutboxEntry): boolean =>
    [...idsOf(tenant), ...tenant.userIds].some((id) => entry.includes(id)) &&
    organizationsOf(entry).every((id) => id === tenant.organizationId);
  for (const waiting of await outbox.pending(outboxPage)) {
    const entries = waiting.entries.filter(isOfTenant);
    if (entries.length > 0) await outbox.settle({ ...waiting, entries });
  }
}

/** Entries that wait to be written for this organization, by collection. */
async function countWaiting(outbox: Outbox, tenant: DoomedTenant): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  const ids = idsOf(tenant);
  for (const { collection, entries } of await outbox.pending(outboxPage)) {
    const waits = entries.some((entry) => {
      const organizations = organizationsOf(entry);
      const isOfIt = organizations.length === 0 || organizations.includes(tenant.organizationId);
      return isOfIt && ids.some((id) => entry.includes(id));
    });
    if (waits) found[collection] = (found[collection] ?? 0) + 1;
  }
  return found;
}

/** Tenants in the collections of a database. */
export function createTenantErasure(database: Db, outbox: Outbox, run: Guard): TenantErasure {
  const collections = async (): Promise<string[]> => {
    const found = await database.listCollections({}, { nameOnly: true }).toArray();
    const names = found.map(({ name }) => name).filter((name) => !name.startsWith('system.'));
    return names.sort((a, b) => last.indexOf(a) - last.indexOf(b) || (a < b ? -1 : 1));
  };
  const findPeople = async (organizationId: string, before: readonly string[]): Promise<string[]> => {
    const users = await database
      .collection<Erasable>('users')
      .find(
        { $or: [{ 'memberships.organization_id': organizationId }, { _id: { $in: [...before] } }] },
        { projection: { memberships: 1 } },
      )
      .toArray();
    const there = users.map((user) => userMemberships.parse(user));
    const gone = before.filter((id) => !there.some(({ _id }) => _id === id));
    const isAlone = ({ memberships }: z.infer<typeof userMemberships>): boolean =>
      memberships.length > 0 && memberships.every(({ organization_id }) => organization_id === organizationId);
    return [...gone, ...there.filter(isAlone).map(({ _id }) => _id)].sort();
  };
  return {
    find: (organizationId, userIdsBefore = []) =>
      run(async () => {
        const accounts = await database
          .collection('cloud_accounts')
          .find({ organization_id: organizationId }, { projection: { _id: 1 } })
          .toArray();
        return {
          cloudAccountIds: accounts.map((account) => idDocument.parse(account)._id).sort(),
          userIds: await findPeople(organizationId, userIdsBefore),
        };
      }),
    close: (tenant) =>
      run(async () => {
        const accounts = database.collection<Erasable & { deleted_at: Date | null; name_key: string }>(
          'cloud_accounts',
        );
        for (const _id of tenant.cloudAccountIds) {
          await accounts.updateOne({ _id, deleted_at: null }, { $set: { deleted_at: new Date(), name_key: _id } });
        }
        if (!tenant.wholeOrganization) return;
        await database.collection('tokens').deleteMany({
          $or: [{ organization_id: tenant.organizationId }, { user_id: { $in: [...tenant.userIds] } }],
        });
        await database.collection('invitations').deleteMany({ organization_id: tenant.organizationId });
      }),
    erase: (found) =>
      run(async () => {
        const removed: Record<string, number> = {};
        // Since they were found, minutes may have passed.
        const people = found.wholeOrganization ? await findPeople(found.organizationId, found.userIds) : [];
        const tenant = { ...found, userIds: found.userIds.filter((id) => people.includes(id)) };
        await shortenTokens(database, tenant.cloudAccountIds);
        if (!tenant.wholeOrganization) await shortenRules(database, tenant.organizationId, tenant.cloudAccountIds);
        await emptyOutboxes(outbox, tenant);
        if (tenant.wholeOrganization) await leaveOrganization(database, tenant);
        for (const name of await collections()) {
          const { deletedCount } = await database.collection(name).deleteMany(belonging(tenant, name));
          if (deletedCount > 0) removed[name] = deletedCount;
        }
        return removed;
      }),
    mentions: (tenant) =>
      run(async () => {
        const found = await countWaiting(outbox, tenant);
        const add = (name: string, documents: number): void => {
          if (documents > 0) found[name] = (found[name] ?? 0) + documents;
        };
        const ids = idsOf(tenant).map((id) => Buffer.from(id));
        for (const name of await collections()) {
          // Raw documents are Buffers, whatever their type says: the text of an id stands in them wherever it is used.
          const documents: AsyncIterable<unknown> = database
            .collection(name)
            .find({}, { raw: true, projection: { outbox: 0 } });
          for await (const document of documents) {
            const bytes = Buffer.from(document as Uint8Array);
            if (ids.some((id) => bytes.includes(id))) add(name, 1);
          }
        }
        const users = { $in: [...tenant.userIds] };
        add('users', await database.collection<Erasable>('users').countDocuments({ _id: users }));
        add('tokens', await database.collection('tokens').countDocuments({ user_id: users }));
        return found;
      }),
  };
}
