import { randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';
import { z } from 'zod';
import type { Guard } from '../driver-errors';
import { pushEntry, type OutboxEntry } from '../outbox';

/** How far an import has come. `interrupted`: it says nothing any more; sending the file again goes on with it. */
export const importStates = ['running', 'completed', 'failed', 'superseded'] as const;

const importFault = z.object({ line: z.int(), column: z.string(), reason: z.string() });

/** One document of `expense_imports`. */
export const expenseImportDocument = z.object({
  _id: z.uuid(),
  cloud_account_id: z.uuid(),
  file_name: z.string(),
  /** Of the imports of a file: a later one has a greater number. */
  sequence: z.int(),
  state: z.enum(importStates),
  format: z.enum(['csv', 'csv.gz', 'parquet']).nullable(),
  started_at: z.date(),
  heartbeat_at: z.date(),
  finished_at: z.date().nullable(),
  records: z.int(),
  stored_records: z.int(),
  refused_records: z.int(),
  received_bytes: z.int(),
  sha256: z.string().nullable(),
  data_version: z.string().nullable(),
  changed: z.boolean().nullable(),
  first_date: z.string().nullable(),
  last_date: z.string().nullable(),
  failure_code: z.string().nullable(),
  faults: z.array(importFault),
  outbox: z.array(z.string()).optional(),
});
/** Document of {@link expenseImportDocument}. */
export type ExpenseImportDocument = z.infer<typeof expenseImportDocument>;

/** A record of a file that was refused: where, and which rule it breaks. */
export type ImportFault = z.infer<typeof importFault>;

/** What changes while an import runs. */
export interface ImportProgress {
  readonly format: 'csv' | 'csv.gz' | 'parquet' | null;
  readonly records: number;
  /** Records whose rows are stored, by this import or by an interrupted one before it. */
  readonly storedRecords: number;
  readonly refusedRecords: number;
  readonly receivedBytes: number;
  readonly firstDate: string | null;
  readonly lastDate: string | null;
  readonly faults: readonly ImportFault[];
}

/** An import of a bill's file. */
export interface ExpenseImport extends ImportProgress {
  readonly id: string;
  readonly cloudAccountId: string;
  readonly fileName: string;
  readonly sequence: number;
  readonly state: (typeof importStates)[number];
  readonly startedAt: Date;
  readonly heartbeatAt: Date;
  readonly finishedAt: Date | null;
  readonly sha256: string | null;
  readonly dataVersion: string | null;
  /** False: the file was the same as the one that was there. */
  readonly changed: boolean | null;
  readonly failureCode: string | null;
}

/** How an import ended. */
export type ImportOutcome =
  | { readonly state: 'completed'; readonly sha256: string; readonly dataVersion: string; readonly changed: boolean }
  | { readonly state: 'failed'; readonly failureCode: string };

/** Imports of bills. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface ExpenseImportsRepository {
  /** Begins an import; one of the same file that still runs is superseded. */
  begin(cloudAccountId: string, fileName: string): Promise<ExpenseImport>;
  /** Notes how far it is. False: it was superseded and has to end. */
  progress(cloudAccountId: string, importId: string, progress: ImportProgress): Promise<boolean>;
  /**
   * Records what is about to be done with the import’s file, whose rows are in another store, so that no end of the process can come
   * between the change and its record. `running`: only while the import does; false when it is not, or not there at all.
   */
  announce(
    cloudAccountId: string,
    importId: string,
    announcement: { readonly outbox: OutboxEntry; readonly running: boolean },
  ): Promise<boolean>;
  /** Null: it was superseded. */
  finish(
    cloudAccountId: string,
    importId: string,
    progress: ImportProgress,
    outcome: ImportOutcome,
  ): Promise<ExpenseImport | null>;
  find(cloudAccountId: string, importId: string): Promise<ExpenseImport | null>;
  /** The latest first. */
  list(cloudAccountId: string, page: { limit: number; offset: number }): Promise<ExpenseImport[]>;
}

function toImport(found: unknown): ExpenseImport {
  const document = expenseImportDocument.parse(found);
  return {
    id: document._id,
    cloudAccountId: document.cloud_account_id,
    fileName: document.file_name,
    sequence: document.sequence,
    state: document.state,
    format: document.format,
    startedAt: document.started_at,
    heartbeatAt: document.heartbeat_at,
    finishedAt: document.finished_at,
    records: document.records,
    storedRecords: document.stored_records,
    refusedRecords: document.refused_records,
    receivedBytes: document.received_bytes,
    sha256: document.sha256,
    dataVersion: document.data_version,
    changed: document.changed,
    firstDate: document.first_date,
    lastDate: document.last_date,
    failureCode: document.failure_code,
    faults: document.faults,
  };
}

const fieldsOf = (progress: ImportProgress, now: Date) => ({
  format: progress.format,
  records: progress.records,
  stored_records: progress.storedRecords,
  refused_records: progress.refusedRecords,
  received_bytes: progress.receivedBytes,
  first_date: progress.firstDate,
  last_date: progress.lastDate,
  faults: [...progress.faults],
  heartbeat_at: now,
});

const newImport = (cloudAccountId: string, fileName: string, sequence: number, now: Date): ExpenseImportDocument => ({
  _id: randomUUID(),
  cloud_account_id: cloudAccountId,
  file_name: fileName,
  sequence,
  state: 'running',
  started_at: now,
  finished_at: null,
  sha256: null,
  data_version: null,
  changed: null,
  failure_code: null,
  ...fieldsOf(
    {
      format: null,
      records: 0,
      storedRecords: 0,
      refusedRecords: 0,
      receivedBytes: 0,
      firstDate: null,
      lastDate: null,
      faults: [],
    },
    now,
  ),
});

/** Imports of bills in MongoDB. */
export function createExpenseImportsRepository(
  collection: Collection<ExpenseImportDocument>,
  guard: Guard,
  now: () => Date,
): ExpenseImportsRepository {
  return {
    begin: (cloudAccountId, fileName) =>
      guard(async () => {
        const ofFile = { cloud_account_id: cloudAccountId, file_name: fileName };
        const [last] = await collection.find(ofFile).sort({ sequence: -1 }).limit(1).toArray();
        // The time, so that what was deleted in between stays deleted; and always more than the one before.
        const sequence = Math.max(now().getTime(), (last?.sequence ?? 0) + 1);
        const document = newImport(cloudAccountId, fileName, sequence, now());
        await collection.insertOne(document);
        await collection.updateMany(
          { ...ofFile, state: 'running', _id: { $ne: document._id } },
          { $set: { state: 'superseded', finished_at: now() } },
        );
        return toImport(document);
      }),
    progress: (cloudAccountId, importId, progress) =>
      guard(async () => {
        const { matchedCount } = await collection.updateOne(
          { _id: importId, cloud_account_id: cloudAccountId, state: 'running' },
          { $set: fieldsOf(progress, now()) },
        );
        return matchedCount === 1;
      }),
    announce: (cloudAccountId, importId, { outbox, running }) =>
      guard(async () => {
        const one = { _id: importId, cloud_account_id: cloudAccountId };
        const filter = running ? { ...one, state: 'running' as const } : one;
        const { matchedCount } = await collection.updateOne(filter, pushEntry(outbox));
        return matchedCount === 1;
      }),
    finish: (cloudAccountId, importId, progress, outcome) =>
      guard(async () => {
        const ended =
          outcome.state === 'failed'
            ? { state: outcome.state, failure_code: outcome.failureCode }
            : {
                state: outcome.state,
                sha256: outcome.sha256,
                data_version: outcome.dataVersion,
                changed: outcome.changed,
              };
        const found = await collection.findOneAndUpdate(
          { _id: importId, cloud_account_id: cloudAccountId, state: 'running' },
          { $set: { ...fieldsOf(progress, now()), ...ended, finished_at: now() } },
          { returnDocument: 'after' },
        );
        return found === null ? null : toImport(found);
      }),
    find: (cloudAccountId, importId) =>
      guard(async () => {
        const found = await collection.findOne({ _id: importId, cloud_account_id: cloudAccountId });
        return found === null ? null : toImport(found);
      }),
    list: (cloudAccountId, { limit, offset }) =>
      guard(async () => {
        const found = await collection
          .find({ cloud_account_id: cloudAccountId })
          .sort({ started_at: -1, _id: 1 })
          .skip(offset)
          .limit(limit)
          .toArray();
        return found.map(toImport);
      }),
  };
}
