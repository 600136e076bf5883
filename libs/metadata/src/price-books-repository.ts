import { randomUUID } from 'node:crypto';
import { priceBookSchema, type PriceBook, type PriceBookInput } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { Collection } from 'mongodb';
import { priceBookDocument, type PriceBookDocument } from './documents';
import { isDuplicateKey, type Guards } from './driver-errors';

/** One version of an account's price book; versions are never changed. */
export interface StoredPriceBook {
  /** Counts from 1. */
  readonly version: number;
  readonly book: PriceBook;
  readonly createdAt: Date;
  /** Id of the user who stored it. */
  readonly createdBy: string;
}

/** Who replaces which version by what. */
export interface NewPriceBook {
  readonly book: PriceBookInput;
  /** The version that it was made from; 0 for the first. */
  readonly basedOn: number;
  readonly createdBy: string;
}

/** Price books of cloud accounts. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface PriceBooksRepository {
  /** Null: the account has the prices that its exporter sends. */
  find(cloudAccountId: string): Promise<StoredPriceBook | null>;
  /** All versions, the newest first. */
  list(cloudAccountId: string): Promise<StoredPriceBook[]>;
  /**
   * Stores the next version.
   *
   * @throws AppError `price-book-changed` when somebody else has stored one since, `invalid-request` for a book that is none
   */
  put(cloudAccountId: string, next: NewPriceBook): Promise<StoredPriceBook>;
}

function toPriceBook(found: unknown): StoredPriceBook {
  const { version, book, created_at, created_by } = priceBookDocument.parse(found);
  return { version, book, createdAt: created_at, createdBy: created_by };
}

function checked(book: PriceBookInput): PriceBook {
  const parsed = priceBookSchema.safeParse(book);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError(
    'invalid-request',
    `The price book is not valid: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}

/** Price books in MongoDB: one document per version. */
export function createPriceBooksRepository(
  collection: Collection<PriceBookDocument>,
  { run, runUnique }: Guards,
  now: () => Date,
): PriceBooksRepository {
  const versions = (cloudAccountId: string) =>
    collection.find({ cloud_account_id: cloudAccountId }).sort({ version: -1 });
  return {
    find: (cloudAccountId) =>
      run(async () => {
        const [document] = await versions(cloudAccountId).limit(1).toArray();
        return document === undefined ? null : toPriceBook(document);
      }),
    list: (cloudAccountId) => run(async () => (await versions(cloudAccountId).toArray()).map(toPriceBook)),
    put: (cloudAccountId, { book, basedOn, createdBy }) =>
      runUnique(async () => {
        const document = {
          _id: randomUUID(),
          cloud_account_id: cloudAccountId,
          version: basedOn + 1,
          book: checked(book),
          created_at: now(),
          created_by: createdBy,
        };
        const changed = (cause?: unknown): AppError =>
          new AppError('price-book-changed', 'Somebody else has stored another price book since.', { cause });
        const [latest] = await versions(cloudAccountId).limit(1).toArray();
        if ((latest?.version ?? 0) !== basedOn) throw changed();
        try {
          await collection.insertOne(document);
        } catch (error) {
          throw isDuplicateKey(error) ? changed(error) : error;
        }
        return toPriceBook(document);
      }),
  };
}
