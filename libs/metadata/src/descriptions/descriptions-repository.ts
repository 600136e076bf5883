import { groupBy } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import { z } from 'zod';
import { isDuplicateKey, type Guards } from '../driver-errors';
import { changeAt, withObservation, type DescriptionChange } from './description-history';

/** What is described of a cluster. */
export const describedKinds = ['info', 'node', 'namespace', 'workload'] as const;
/** One of {@link describedKinds}. */
export type DescribedKind = (typeof describedKinds)[number];

/** One thing of a cluster as it was in an hour. */
export interface Observed {
  readonly kind: DescribedKind;
  /** Of the node or namespace; `namespace/kind/name` of a workload; empty for the cluster itself. */
  readonly name: string;
  /** JSON. Keys may be in any order. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** One thing of a cluster as it was at a moment. */
export interface Described {
  readonly kind: DescribedKind;
  readonly name: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Since when it was described so; hours, unix seconds. */
  readonly since: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** `[from, until)`, unix seconds. */
export interface DescribedWindow {
  readonly from: number;
  readonly until: number;
}

/** What describes clusters, and how it changed. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface DescriptionsRepository {
  /** Notes what was there in an hour (unix seconds). Hours come in any order, and again. */
  observe(cloudAccountId: string, hour: number, observed: readonly Observed[]): Promise<void>;
  /**
   * What was there in `[from, until)` (unix seconds), as it was at the end; sorted by name. Something counts as there from when it was
   * first seen until it was last seen.
   */
  list(
    cloudAccountId: string,
    kind: DescribedKind,
    window: DescribedWindow,
    page?: { readonly offset: number; readonly limit: number },
  ): Promise<Described[]>;
  /** How many things were there. */
  count(cloudAccountId: string, kind: DescribedKind, window: DescribedWindow): Promise<number>;
  /** Removes what nobody has seen since then (unix seconds). @returns how many things */
  removeUnseen(cloudAccountId: string, before: number): Promise<number>;
  /** The accounts of which anything is described. */
  accounts(): Promise<string[]>;
  /** Removes all that is described of an account. @returns how many things */
  removeAccount(cloudAccountId: string): Promise<number>;
}

/** One document of `cluster_descriptions`. Facts are text: label names may have dots and dollars, which keys of MongoDB may not. */
const descriptionDocument = z.object({
  _id: z.string(),
  cloud_account_id: z.string(),
  kind: z.enum(describedKinds),
  name: z.string(),
  /** Hours, unix seconds. */
  first_seen: z.number(),
  last_seen: z.number(),
  changes: z.array(z.object({ from: z.number(), facts: z.string() })),
  /** Counts changes, so that two writers do not overwrite each other. */
  revision: z.number(),
});
export type DescriptionDocument = z.infer<typeof descriptionDocument>;

// Of up to 256 KiB each, but nearly always of some hundred bytes.
const thingsPerStatement = 250;
const thingsPerBatch = 50;
const attempts = 8;
const record = z.record(z.string(), z.unknown());

/** JSON with sorted keys, so that equal facts are equal texts. */
function factsText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}

const idOf = (cloudAccountId: string, { kind, name }: Pick<Observed, 'kind' | 'name'>): string =>
  `${cloudAccountId}|${kind}|${name}`;

type Write = AnyBulkWriteOperation<DescriptionDocument>;
/** Facts of an hour by the id of their document. */
type Texts = ReadonlyMap<string, string>;

function documentOf(cloudAccountId: string, hour: number, one: Observed): DescriptionDocument {
  return {
    _id: idOf(cloudAccountId, one),
    cloud_account_id: cloudAccountId,
    kind: one.kind,
    name: one.name,
    first_seen: hour,
    last_seen: hour,
    changes: [{ from: hour, facts: factsText(one.facts) }],
    revision: 0,
  };
}

/** What an observation changes in a document: its history, or nothing but when it was seen; null: nothing at all. */
function changeOf(document: DescriptionDocument, hour: number, facts: string): Write | 'seen' | null {
  const { _id, revision, changes, first_seen, last_seen } = document;
  const next = withObservation({ changes, lastSeen: last_seen }, { hour, facts });
  const isSame = next.length === changes.length && next.every((one, at) => isEqual(one, changes[at]));
  if (isSame) return first_seen <= hour && hour <= last_seen ? null : 'seen';
  const seen = { first_seen: Math.min(first_seen, hour), last_seen: Math.max(last_seen, hour) };
  const update = { $set: { changes: [...next], revision: revision + 1, ...seen } };
  return { updateOne: { filter: { _id, revision }, update } };
}

/** Most things are in an hour as they were in the one before, and have been for as long as the others: one statement for all of them. */
function seenAgain(documents: readonly DescriptionDocument[], hour: number): Write[] {
  const update = { $inc: { revision: 1 }, $min: { first_seen: hour }, $max: { last_seen: hour } };
  return [...groupBy(documents, ({ revision }) => revision)].map(([revision, some]) => ({
    updateMany: { filter: { _id: { $in: some.map(({ _id }) => _id) }, revision }, update },
  }));
}

const isEqual = (a: DescriptionChange, b: DescriptionChange | undefined): boolean =>
  a.from === b?.from && a.facts === b.facts;

function describedAt(found: unknown, until: number): Described[] {
  const { kind, name, changes, first_seen, last_seen } = descriptionDocument.parse(found);
  const change = changeAt(changes, until - 1);
  if (change === undefined) return [];
  const facts = record.parse(JSON.parse(change.facts));
  return [{ kind, name, facts, since: change.from, firstSeen: first_seen, lastSeen: last_seen }];
}

const thereIn = (cloudAccountId: string, kind: DescribedKind, { from, until }: DescribedWindow) => ({
  cloud_account_id: cloudAccountId,
  kind,
  first_seen: { $lt: until },
  last_seen: { $gt: from - 3_600 },
});

/** Descriptions in MongoDB: one document per thing, with its changes. */
export function createDescriptionsRepository(
  collection: Collection<DescriptionDocument>,
  { run, runUnique }: Guards,
): DescriptionsRepository {
  /** @returns whether nobody else has made one of them in between */
  const insertNew = (documents: readonly DescriptionDocument[]): Promise<boolean> =>
    runUnique(async () => {
      try {
        await collection.insertMany([...documents], { ordered: false });
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return false;
      }
    });

  /** @returns whether nobody else has changed one of the documents since they were read */
  async function noteIn(documents: readonly DescriptionDocument[], hour: number, texts: Texts): Promise<boolean> {
    const changed: Write[] = [];
    const seen: DescriptionDocument[] = [];
    for (const document of documents) {
      const change = changeOf(document, hour, texts.get(document._id) ?? '');
      if (change === 'seen') seen.push(document);
      else if (change !== null) changed.push(change);
    }
    if (changed.length + seen.length === 0) return true;
    const writes = [...changed, ...seenAgain(seen, hour)];
    const { matchedCount } = await run(() => collection.bulkWrite(writes, { ordered: false }));
    return matchedCount === changed.length + seen.length;
  }

  /** What was changed by somebody else in between is read and tried again. */
  async function observeSome(cloudAccountId: string, hour: number, some: readonly Observed[]): Promise<void> {
    const texts = new Map(some.map((one) => [idOf(cloudAccountId, one), factsText(one.facts)]));
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const found = await run(() => collection.find({ _id: { $in: [...texts.keys()] } }).toArray());
      const known = new Set(found.map(({ _id }) => _id));
      const fresh = some.filter((one) => !known.has(idOf(cloudAccountId, one)));
      const isInserted =
        fresh.length === 0 || (await insertNew(fresh.map((one) => documentOf(cloudAccountId, hour, one))));
      if ((await noteIn(found, hour, texts)) && isInserted) return;
    }
    throw new AppError('metadata-unavailable', 'Descriptions of a cluster are changed faster than they can be stored.');
  }

  return {
    async observe(cloudAccountId, hour, observed) {
      for (let start = 0; start < observed.length; start += thingsPerStatement)
        await observeSome(cloudAccountId, hour, observed.slice(start, start + thingsPerStatement));
    },
    list: (cloudAccountId, kind, window, { offset, limit } = { offset: 0, limit: 0 }) =>
      run(async () => {
        // A limit of 0 is none. Of each document one change is kept, so histories are not in memory together.
        const options = { skip: offset, limit, batchSize: thingsPerBatch };
        const cursor = collection.find(thereIn(cloudAccountId, kind, window), options).sort({ name: 1 });
        const described: Described[] = [];
        for await (const document of cursor) described.push(...describedAt(document, window.until));
        return described;
      }),
    count: (cloudAccountId, kind, window) =>
      run(() => collection.countDocuments(thereIn(cloudAccountId, kind, window))),
    removeUnseen: (cloudAccountId, before) =>
      run(async () => {
        const unseen = { cloud_account_id: cloudAccountId, last_seen: { $lt: before } };
        return (await collection.deleteMany(unseen)).deletedCount;
      }),
    accounts: () => run(() => collection.distinct('cloud_account_id')),
    removeAccount: (cloudAccountId) =>
      run(async () => (await collection.deleteMany({ cloud_account_id: cloudAccountId })).deletedCount),
  };
}
