import type { Collection, Db } from 'mongodb';
import { z } from 'zod';
import type { Guard } from './driver-errors';

/** A record of a change as JSON text; kept in the changed document until it is settled. */
export type OutboxEntry = string;

/** Entries of one document that wait to be written elsewhere, in the order of the changes. */
export interface PendingEntries {
  readonly collection: string;
  readonly documentId: string;
  readonly entries: readonly OutboxEntry[];
}

/** The records of changes that wait in their documents. Every method throws `metadata-unavailable` when the store is down. */
export interface Outbox {
  /** Documents with entries, at most this many of each collection. */
  pending(limit: number): Promise<PendingEntries[]>;
  /** Takes the entries out of their document; those that came since stay. */
  settle(pending: PendingEntries): Promise<void>;
}

const found = z.object({ _id: z.string(), outbox: z.array(z.string()) });

/** Adds an entry to the outbox of a document that is updated; nothing without one. */
export function pushEntry(entry: OutboxEntry | undefined): { $push?: { outbox: OutboxEntry } } {
  return entry === undefined ? {} : { $push: { outbox: entry } };
}

/** The outbox of a new document. */
export function firstEntry(entry: OutboxEntry | undefined): { outbox?: OutboxEntry[] } {
  return entry === undefined ? {} : { outbox: [entry] };
}

/** Documents of any of these collections, as far as their outbox goes. */
interface WithOutbox {
  readonly _id: string;
  readonly outbox?: string[];
}

/** The outboxes of these collections. */
export function createOutbox(database: Db, collections: readonly string[], run: Guard): Outbox {
  const of = (name: string): Collection<WithOutbox> => database.collection<WithOutbox>(name);
  return {
    pending: (limit) =>
      run(async () => {
        const waiting: PendingEntries[] = [];
        for (const collection of collections) {
          const documents = await of(collection)
            .find({ 'outbox.0': { $exists: true } })
            .project({ outbox: 1 })
            .limit(limit)
            .toArray();
          for (const document of documents) {
            const { _id, outbox } = found.parse(document);
            waiting.push({ collection, documentId: _id, entries: outbox });
          }
        }
        return waiting;
      }),
    settle: ({ collection, documentId, entries }) =>
      run(async () => {
        await of(collection).updateOne({ _id: documentId }, { $pullAll: { outbox: [...entries] } });
      }),
  };
}
