import { randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { Collection } from 'mongodb';
import { checkedLabelKeys } from './allocation-label-keys';
import { cloudAccountDocument, type CloudAccountDocument, type CloudAccountType } from './documents';
import { isDuplicateKey, type Guards } from './driver-errors';
import { kubecostField, readKubecost, type KubecostConnection } from './kubecost-connection';
import { firstEntry, pushEntry, type OutboxEntry } from './outbox';
import { randomSecret, sha256Hex } from './secrets';
import { rotated } from './write-credentials';
import { readWriteLimits, writeLimitsDocument, type WriteLimitOverrides } from './write-limits';

/** What the write path needs of an account, deleted ones included. */
export interface WriteIdentity {
  readonly accountId: string;
  readonly organizationId: string;
  readonly type: CloudAccountType;
  readonly deletedAt: Date | null;
  readonly credentials: readonly WriteCredential[];
  readonly limits: WriteLimitOverrides;
  /** Names in the stored limits that are unknown or out of bounds, and therefore have no effect. */
  readonly ignoredLimits: readonly string[];
}

/** A remote_write password that was issued: `passwordSha256` in hex; valid until `expiresAt`, null = until it is rotated. */
export interface WriteCredential {
  readonly passwordSha256: string;
  readonly expiresAt: Date | null;
}

/** A Kubernetes cluster whose costs are computed. */
export interface KubernetesAccount {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly region: string | null;
  readonly owner: string | null;
  /** `resource_id` of the cluster in `expenses`. */
  readonly clusterResourceId: string;
  readonly createdAt: Date;
  /** When somebody last asked for its costs, to the minute. */
  readonly lastReadAt: Date | null;
  /** Label keys whose costs are summed by day, as the facts have them; sorted. */
  readonly allocationLabelKeys: readonly string[];
  /** Absent: its Kubecost is not asked. */
  readonly kubecost?: KubecostConnection;
}

/** A cloud account as its organization sees it. */
export interface CloudAccount {
  readonly id: string;
  readonly organizationId: string;
  readonly type: CloudAccountType;
  readonly name: string;
  readonly region: string | null;
  readonly owner: string | null;
  /** `resource_id` of the cluster in `expenses`; null for an account that is no cluster. */
  readonly clusterResourceId: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly deletedAt: Date | null;
  readonly lastReadAt: Date | null;
  /** Label keys whose costs are summed by day, as the facts have them; sorted. */
  readonly allocationLabelKeys: readonly string[];
  /** Absent: its Kubecost is not asked. */
  readonly kubecost?: KubecostConnection;
}

export interface NewCloudAccount {
  readonly type: CloudAccountType;
  readonly name: string;
  readonly region: string | null;
  readonly owner: string | null;
  readonly tags?: Readonly<Record<string, string>>;
  readonly kubecost?: KubecostConnection;
}

/** What an account may be changed in; what is absent stays. */
export interface CloudAccountChanges {
  readonly name?: string;
  readonly region?: string | null;
  readonly owner?: string | null;
  readonly tags?: Readonly<Record<string, string>>;
  /** Null: its Kubecost is not asked any more. */
  readonly kubecost?: KubecostConnection | null;
}

/** A remote_write password without what would let anybody use it. */
export interface WriteCredentialSummary {
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** How the write path treats an account. */
export interface WriteSettings {
  /** Those that are still valid, the oldest first. */
  readonly credentials: readonly WriteCredentialSummary[];
  readonly limits: WriteLimitOverrides;
}

/** An account together with the remote_write password that is shown this once. */
export interface CreatedCloudAccount {
  readonly account: CloudAccount;
  readonly password: string;
}

/** Cloud accounts. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface CloudAccountsRepository {
  /** @throws AppError `account-name-taken` when a living account of the organization has the name. */
  create(organizationId: string, account: NewCloudAccount, outbox?: OutboxEntry): Promise<CreatedCloudAccount>;
  /** The account as it is now; null when there is no such living one. @throws AppError `account-name-taken` */
  update(
    organizationId: string,
    accountId: string,
    changes: CloudAccountChanges,
    outbox?: OutboxEntry,
  ): Promise<CloudAccount | null>;
  /** Null when there is no such living account. */
  findWriteSettings(organizationId: string, accountId: string): Promise<WriteSettings | null>;
  /** Sorted by name, then id; deleted ones only when asked for. */
  list(organizationId: string, options?: { includeDeleted?: boolean }): Promise<CloudAccount[]>;
  /** The living account of this id when it belongs to one of the organizations; a foreign and an absent id are the same null. */
  findAmong(organizationIds: readonly string[], accountId: string): Promise<CloudAccount | null>;
  /**
   * Issues a new password; the one before it stays valid for the overlap, older ones end at once (at most two are ever alive).
   *
   * @returns null when there is no such living account.
   */
  rotateCredentials(
    organizationId: string,
    accountId: string,
    options: { overlapSeconds: number; outbox?: OutboxEntry },
  ): Promise<{ password: string; previousExpiresAt: Date } | null>;
  /**
   * Replaces the account's overrides of the write path's limits; what is absent has the gateway's default again. The
   * gateways follow within their cache time. False when there is no such living account.
   *
   * @throws AppError `invalid-request` for an unknown name or a value out of bounds.
   */
  setWriteLimits(
    organizationId: string,
    accountId: string,
    limits: WriteLimitOverrides,
    outbox?: OutboxEntry,
  ): Promise<boolean>;
  /** The living account of this id in whatever organization: for the platform's operator. */
  findLiving(accountId: string): Promise<CloudAccount | null>;
  /**
   * Replaces the label keys whose costs are summed by day; the worker sums the days again. False when there is no such living account.
   *
   * @throws AppError `invalid-request` for more than ten keys, or one that is no label name of Prometheus.
   */
  setAllocationLabelKeys(organizationId: string, accountId: string, keys: readonly string[]): Promise<boolean>;
  /** Deletes the account for everybody but the ledger of past costs and the write path; its name is free again. False when there was none. */
  remove(organizationId: string, accountId: string, outbox?: OutboxEntry): Promise<boolean>;
  /** Notes that its costs were asked for, which makes the worker refresh its running hour more often. */
  markRead(organizationId: string, accountId: string, at: Date): Promise<void>;
  /** For the write path, where the credential decides the tenant. Null: there has never been such an account. */
  findWriteIdentity(accountId: string): Promise<WriteIdentity | null>;
  /** Every living Kubernetes account of every organization, sorted by id: the worker's list of what to compute. */
  listKubernetes(): Promise<KubernetesAccount[]>;
}

/** Optimistic rotations are tried this often before they give up; each loss means that somebody else has rotated. */
const rotationAttempts = 5;

function toAccount(found: unknown): CloudAccount {
  const document = cloudAccountDocument.parse(found);
  return {
    id: document._id,
    organizationId: document.organization_id,
    type: document.type,
    name: document.name,
    region: document.region,
    owner: document.owner,
    clusterResourceId: document.cluster_resource?.id ?? null,
    tags: Object.fromEntries(document.tags.map(({ key, value }) => [key, value])),
    createdAt: document.created_at,
    deletedAt: document.deleted_at,
    lastReadAt: document.last_read_at,
    allocationLabelKeys: document.allocation_label_keys,
    ...readKubecost(document.kubecost),
  };
}

function toWriteIdentity(found: unknown): WriteIdentity {
  const document = cloudAccountDocument.parse(found);
  const { limits, ignored } = readWriteLimits(document.limits);
  return {
    accountId: document._id,
    organizationId: document.organization_id,
    type: document.type,
    deletedAt: document.deleted_at,
    credentials: document.write_credentials.map(({ password_sha256, expires_at }) => ({
      passwordSha256: password_sha256,
      expiresAt: expires_at,
    })),
    limits,
    ignoredLimits: ignored,
  };
}

const tagPairs = (tags: Readonly<Record<string, string>>): CloudAccountDocument['tags'] =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));

const byNameThenId = (a: CloudAccount, b: CloudAccount): number =>
  a.name === b.name ? (a.id < b.id ? -1 : 1) : a.name < b.name ? -1 : 1;

function newDocument(
  organizationId: string,
  { type, name, region, owner, tags = {}, kubecost }: NewCloudAccount,
  { password, now, outbox }: { password: string; now: Date; outbox: OutboxEntry | undefined },
): CloudAccountDocument {
  return {
    _id: randomUUID(),
    organization_id: organizationId,
    type,
    name,
    name_key: name,
    region,
    owner,
    cluster_resource: type === 'kubernetes_cnr' ? { id: randomUUID() } : null,
    write_credentials: [{ password_sha256: sha256Hex(password), created_at: now, expires_at: null }],
    credentials_version: 0,
    limits: {},
    allocation_label_keys: [],
    tags: tagPairs(tags),
    ...(kubecost === undefined ? {} : { kubecost: kubecostField(kubecost) }),
    created_at: now,
    deleted_at: null,
    last_read_at: null,
    ...firstEntry(outbox),
  };
}

function checkedLimits(limits: WriteLimitOverrides): WriteLimitOverrides {
  const parsed = writeLimitsDocument.safeParse(limits);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  throw new AppError('invalid-request', 'A limit is unknown or out of bounds.', { details });
}

/** Runs a write that gives an account its name. */
async function unlessNameTaken<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('account-name-taken', 'A cloud account of this organization has that name.', { cause: error });
  }
}

function changedFields({ name, region, owner, tags, kubecost }: CloudAccountChanges): Partial<CloudAccountDocument> {
  return {
    ...(name === undefined ? {} : { name, name_key: name }),
    ...(region === undefined ? {} : { region }),
    ...(owner === undefined ? {} : { owner }),
    ...(tags === undefined ? {} : { tags: tagPairs(tags) }),
    ...(kubecost === undefined ? {} : { kubecost: kubecostField(kubecost) }),
  };
}

/** Cloud accounts in MongoDB. */
export function createCloudAccountsRepository(
  collection: Collection<CloudAccountDocument>,
  { run, runUnique }: Guards,
  now: () => Date,
): CloudAccountsRepository {
  const tryRotation = async (
    organizationId: string,
    accountId: string,
    { overlapSeconds, outbox }: { overlapSeconds: number; outbox?: OutboxEntry },
  ) => {
    const living = { _id: accountId, organization_id: organizationId, deleted_at: null };
    const found = await collection.findOne(living);
    if (found === null) return null;
    const before = cloudAccountDocument.parse(found);
    const password = randomSecret();
    const { credentials, previousExpiresAt } = rotated(before.write_credentials, {
      passwordSha256: sha256Hex(password),
      now: now(),
      overlapSeconds,
    });
    const { matchedCount } = await collection.updateOne(
      { ...living, credentials_version: before.credentials_version },
      {
        $set: { write_credentials: credentials, credentials_version: before.credentials_version + 1 },
        ...pushEntry(outbox),
      },
    );
    return matchedCount === 1 ? { password, previousExpiresAt } : undefined;
  };

  return {
    create: (organizationId, account, outbox) =>
      runUnique(async () => {
        const password = randomSecret();
        const document = newDocument(organizationId, account, { password, now: now(), outbox });
        await unlessNameTaken(() => collection.insertOne(document));
        return { account: toAccount(document), password };
      }),
    update: (organizationId, accountId, changes, outbox) =>
      runUnique(async () => {
        const filter = { _id: accountId, organization_id: organizationId, deleted_at: null };
        const update = { $set: changedFields(changes), ...pushEntry(outbox) };
        await unlessNameTaken(() => collection.updateOne(filter, update));
        const found = await collection.findOne(filter);
        return found === null ? null : toAccount(found);
      }),
    findWriteSettings: (organizationId, accountId) =>
      run(async () => {
        const found = await collection.findOne({ _id: accountId, organization_id: organizationId, deleted_at: null });
        if (found === null) return null;
        const { write_credentials, limits } = cloudAccountDocument.parse(found);
        const credentials = write_credentials
          .filter(({ expires_at }) => expires_at === null || expires_at > now())
          .map(({ created_at, expires_at }) => ({ createdAt: created_at, expiresAt: expires_at }));
        return { credentials, limits: readWriteLimits(limits).limits };
      }),
    list: (organizationId, { includeDeleted = false } = {}) =>
      run(async () => {
        const filter = { organization_id: organizationId, ...(includeDeleted ? {} : { deleted_at: null }) };
        return (await collection.find(filter).toArray()).map(toAccount).sort(byNameThenId);
      }),
    findAmong: (organizationIds, accountId) =>
      run(async () => {
        const found = await collection.findOne({
          _id: accountId,
          organization_id: { $in: [...organizationIds] },
          deleted_at: null,
        });
        return found === null ? null : toAccount(found);
      }),
    rotateCredentials: (organizationId, accountId, options) =>
      run(async () => {
        for (let attempt = 0; attempt < rotationAttempts; attempt += 1) {
          const outcome = await tryRotation(organizationId, accountId, options);
          if (outcome !== undefined) return outcome;
        }
        throw new AppError('rotation-conflict', 'The credentials are being rotated by others at this moment.');
      }),
    setWriteLimits: (organizationId, accountId, limits, outbox) =>
      run(async () => {
        const { matchedCount } = await collection.updateOne(
          { _id: accountId, organization_id: organizationId, deleted_at: null },
          { $set: { limits: checkedLimits(limits) }, ...pushEntry(outbox) },
        );
        return matchedCount === 1;
      }),
    findLiving: (accountId) =>
      run(async () => {
        const found = await collection.findOne({ _id: accountId, deleted_at: null });
        return found === null ? null : toAccount(found);
      }),
    setAllocationLabelKeys: (organizationId, accountId, keys) =>
      run(async () => {
        const { matchedCount } = await collection.updateOne(
          { _id: accountId, organization_id: organizationId, deleted_at: null },
          { $set: { allocation_label_keys: checkedLabelKeys(keys) } },
        );
        return matchedCount === 1;
      }),
    remove: (organizationId, accountId, outbox) =>
      run(async () => {
        const { matchedCount } = await collection.updateOne(
          { _id: accountId, organization_id: organizationId, deleted_at: null },
          // Its credentials stay: the write path tells who has them that the account is deleted, and nobody else.
          { $set: { deleted_at: now(), name_key: accountId }, ...pushEntry(outbox) },
        );
        return matchedCount === 1;
      }),
    markRead: (organizationId, accountId, at) =>
      run(async () => {
        await collection.updateOne(
          { _id: accountId, organization_id: organizationId, deleted_at: null },
          { $max: { last_read_at: at } },
        );
      }),
    findWriteIdentity: (accountId) =>
      run(async () => {
        const found = await collection.findOne({ _id: accountId });
        return found === null ? null : toWriteIdentity(found);
      }),
    listKubernetes: () =>
      run(async () => {
        const found = await collection.find({ type: 'kubernetes_cnr', deleted_at: null }).sort({ _id: 1 }).toArray();
        return found
          .map(toAccount)
          .flatMap(({ type: _type, deletedAt: _deletedAt, tags: _tags, clusterResourceId, ...account }) =>
            clusterResourceId === null ? [] : [{ ...account, clusterResourceId }],
          );
      }),
  };
}
