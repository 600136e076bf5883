import { MongoClient, type Db } from 'mongodb';
import {
  createAllocationRulesRepository,
  type AllocationRulesDocument,
  type AllocationRulesRepository,
} from './allocation-rules-repository';
import {
  createExpenseImportsRepository,
  type ExpenseImportDocument,
  type ExpenseImportsRepository,
} from './bills/expense-imports-repository';
import {
  createPoolsRepository,
  type AssignmentRuleDocument,
  type PoolDocument,
  type PoolsRepository,
} from './bills/pools-repository';
import { createCloudAccountsRepository, type CloudAccountsRepository } from './cloud-accounts-repository';
import {
  createDescriptionsRepository,
  type DescriptionDocument,
  type DescriptionsRepository,
} from './descriptions/descriptions-repository';
import type {
  CloudAccountDocument,
  InvitationDocument,
  OrganizationDocument,
  PriceBookDocument,
  TokenDocument,
  UserDocument,
} from './documents';
import { createGuard, type Guards } from './driver-errors';
import { createExternalUsersRepository, type ExternalUsersRepository } from './external-users-repository';
import { createInvitationsRepository, type InvitationsRepository } from './invitations-repository';
import { createOrganizationsRepository, type OrganizationsRepository } from './organizations-repository';
import { createStoreCopy, type StoreCopy } from './operations/store-copy';
import { createTenantErasure, type TenantErasure } from './operations/tenant-erasure';
import { createOutbox, type Outbox } from './outbox';
import { createPasswordHasher } from './password-hasher';
import { createPriceBooksRepository, type PriceBooksRepository } from './price-books-repository';
import { createTokensRepository, type TokensRepository } from './tokens-repository';
import { createUsersRepository, type UsersRepository } from './users-repository';

/** How to reach the store. */
export interface MetadataOptions {
  /** `mongodb://…` or `mongodb+srv://…` */
  readonly url: string;
  /** Wins over the database of the URL; `cloudtuner` when neither names one. */
  readonly database?: string | undefined;
  readonly tls?:
    | { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly rejectUnauthorized: boolean }
    | undefined;
  /** Name of the service in the server's log. */
  readonly appName: string;
  /** How long to look for a server that answers. Default 2000. */
  readonly serverSelectionTimeoutMs?: number;
  /** How long a connection may stay silent during an operation. Default 3000. */
  readonly socketTimeoutMs?: number;
  /** How long a copy or an erasure may take. Default one hour. */
  readonly longDeadlineMs?: number;
  /** The clock. */
  readonly now?: () => Date;
}

/** The store of organizations, users, tokens and cloud accounts. */
export interface Metadata {
  readonly organizations: OrganizationsRepository;
  readonly users: UsersRepository;
  readonly externalUsers: ExternalUsersRepository;
  readonly tokens: TokensRepository;
  readonly invitations: InvitationsRepository;
  readonly cloudAccounts: CloudAccountsRepository;
  /** Records of changes that wait in the changed documents. */
  readonly outbox: Outbox;
  readonly expenseImports: ExpenseImportsRepository;
  readonly pools: PoolsRepository;
  readonly priceBooks: PriceBooksRepository;
  readonly allocationRules: AllocationRulesRepository;
  /** For operators: the whole store as files, and tenants that go for good. */
  readonly copy: StoreCopy;
  readonly tenantErasure: TenantErasure;
  readonly descriptions: DescriptionsRepository;
  /** Creates the indexes that uniqueness rests on. Every creation makes sure of them anyway; this does it beforehand. */
  ensureIndexes(): Promise<void>;
  /** @throws AppError `metadata-unavailable` */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const defaultDatabase = 'cloudtuner';
const defaultServerSelectionTimeoutMs = 2000;
const defaultSocketTimeoutMs = 3000;
const defaultLongDeadlineMs = 3_600_000;
const maxPoolSize = 20;
/** Building an index takes longer than any other operation. */
const indexDeadlineMs = 10_000;

const collectionsWithOutbox = [
  'organizations',
  'users',
  'tokens',
  'invitations',
  'cloud_accounts',
  'pools',
  'assignment_rules',
  'expense_imports',
] as const;

type Collections = ReturnType<typeof collectionsOf>;

function collectionsOf(database: Db) {
  return {
    organizations: database.collection<OrganizationDocument>('organizations'),
    users: database.collection<UserDocument>('users'),
    tokens: database.collection<TokenDocument>('tokens'),
    invitations: database.collection<InvitationDocument>('invitations'),
    cloudAccounts: database.collection<CloudAccountDocument>('cloud_accounts'),
    expenseImports: database.collection<ExpenseImportDocument>('expense_imports'),
    pools: database.collection<PoolDocument>('pools'),
    rules: database.collection<AssignmentRuleDocument>('assignment_rules'),
    priceBooks: database.collection<PriceBookDocument>('price_books'),
    allocationRules: database.collection<AllocationRulesDocument>('allocation_rules'),
    descriptions: database.collection<DescriptionDocument>('cluster_descriptions'),
  };
}

async function createIndexes({
  users,
  tokens,
  invitations,
  cloudAccounts,
  expenseImports,
  pools,
  rules,
  priceBooks,
  allocationRules,
  descriptions,
}: Collections): Promise<void> {
  await users.createIndex({ email: 1 }, { unique: true, name: 'users_by_email' }, {});
  await users.createIndex({ 'identities.key': 1 }, { name: 'users_by_identity' }, {});
  await users.createIndex({ 'memberships.organization_id': 1 }, { name: 'users_by_organization' }, {});
  await tokens.createIndex({ prefix: 1 }, { unique: true, name: 'tokens_by_prefix' }, {});
  await tokens.createIndex({ user_id: 1 }, { name: 'tokens_by_user' }, {});
  await tokens.createIndex({ organization_id: 1 }, { name: 'tokens_by_organization' }, {});
  await invitations.createIndex({ prefix: 1 }, { unique: true, name: 'invitations_by_prefix' }, {});
  await invitations.createIndex({ organization_id: 1 }, { name: 'invitations_by_organization' }, {});
  await cloudAccounts.createIndex({ organization_id: 1, name_key: 1 }, { unique: true, name: 'accounts_by_name' }, {});
  await expenseImports.createIndex({ cloud_account_id: 1, file_name: 1, sequence: 1 }, { name: 'imports_by_file' }, {});
  await pools.createIndex({ organization_id: 1, name: 1 }, { unique: true, name: 'pools_by_name' }, {});
  await rules.createIndex({ organization_id: 1 }, { name: 'rules_by_organization' }, {});
  await priceBooks.createIndex(
    { cloud_account_id: 1, version: 1 },
    { unique: true, name: 'price_books_by_version' },
    {},
  );
  await allocationRules.createIndex(
    { organization_id: 1, version: 1 },
    { unique: true, name: 'allocation_rules_by_version' },
    {},
  );
  await descriptions.createIndex({ cloud_account_id: 1, kind: 1, last_seen: 1 }, { name: 'descriptions_by_kind' }, {});
}

/** Runs the work until it has succeeded once; afterwards it is done. */
function untilDone(work: () => Promise<void>): () => Promise<void> {
  let attempt: Promise<void> | undefined;
  return () => {
    attempt ??= work().catch((error: unknown) => {
      attempt = undefined;
      throw error;
    });
    return attempt;
  };
}

function createClient(options: MetadataOptions, bounds: { selectionMs: number; socketMs: number }): MongoClient {
  const { url, appName, tls } = options;
  return new MongoClient(url, {
    appName,
    serverSelectionTimeoutMS: bounds.selectionMs,
    connectTimeoutMS: bounds.selectionMs,
    socketTimeoutMS: bounds.socketMs,
    waitQueueTimeoutMS: bounds.selectionMs,
    maxPoolSize,
    ...(tls === undefined ? {} : { tls: true, ...tls }),
  });
}

/**
 * Connects lazily: nothing fails here when the server is away; operations then throw `metadata-unavailable` within the
 * bounds, and succeed again as soon as the server does.
 *
 * @throws MongoParseError when the URL cannot be read.
 */
export function connectMetadata(options: MetadataOptions): Metadata {
  const selectionMs = options.serverSelectionTimeoutMs ?? defaultServerSelectionTimeoutMs;
  const socketMs = options.socketTimeoutMs ?? defaultSocketTimeoutMs;
  const now = options.now ?? (() => new Date());
  const client = createClient(options, { selectionMs, socketMs });
  const named = options.database ?? (new URL(options.url).pathname.slice(1) || defaultDatabase);
  const database = client.db(named);
  const collections = collectionsOf(database);
  const connect = async (): Promise<void> => {
    await client.connect();
  };
  const guard = createGuard(Math.max(selectionMs, socketMs), connect);
  const ensureIndexes = untilDone(() => createGuard(indexDeadlineMs, connect)(() => createIndexes(collections)));
  const guards: Guards = {
    run: guard,
    runUnique: async (operation) => {
      await ensureIndexes();
      return guard(operation);
    },
  };
  const patient = createGuard(options.longDeadlineMs ?? defaultLongDeadlineMs, connect);
  const outbox = createOutbox(database, collectionsWithOutbox, guard);
  return {
    organizations: createOrganizationsRepository(collections.organizations, guard, now),
    users: createUsersRepository(collections.users, guards, createPasswordHasher(), now),
    externalUsers: createExternalUsersRepository(collections.users, guards, now),
    tokens: createTokensRepository(collections, guards, now),
    invitations: createInvitationsRepository(collections.invitations, guards, now),
    cloudAccounts: createCloudAccountsRepository(collections.cloudAccounts, guards, now),
    outbox,
    copy: createStoreCopy(database, patient),
    tenantErasure: createTenantErasure(database, outbox, patient),
    expenseImports: createExpenseImportsRepository(collections.expenseImports, guard, now),
    priceBooks: createPriceBooksRepository(collections.priceBooks, guards, now),
    allocationRules: createAllocationRulesRepository(collections.allocationRules, guards, now),
    descriptions: createDescriptionsRepository(collections.descriptions, guards),
    pools: createPoolsRepository(collections, guards, now),
    ensureIndexes,
    ping: () =>
      guard(async () => {
        await database.command({ ping: 1 });
      }),
    close: () => client.close(),
  };
}
