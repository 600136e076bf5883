import { createHash } from 'node:crypto';
import { AppError, isAppError, toAppError } from '@cloudtuner/errors';
import type {
  CloudAccount,
  ExpenseImport,
  ExpenseImportsRepository,
  ImportProgress,
  OutboxEntry,
} from '@cloudtuner/metadata';
import type { BillFault, BillRecord, BillRow } from '../../domain/bills/bill-row';
import { createFocusReader } from '../../domain/bills/focus-record';
import type { ReadContext } from '../../ports';
import { checkBlocks, createBlockWriter, recordsPerBlock, type BlockWriter } from './block-writer';
import { measureUpload, type MeasuredUpload } from './measured-upload';
import type { BillStore, RecordFile, RecordFileReader } from '../../bill-ports';

/** What an import needs. */
export interface ImportDependencies {
  readonly expenseImports: ExpenseImportsRepository;
  readonly bills: BillStore;
  readonly files: RecordFileReader;
  readonly now: () => number;
  /** Of a file as it is sent. */
  readonly maxUploadBytes: number;
}

/** A file that is sent. */
export interface ImportRequest extends ReadContext {
  readonly account: CloudAccount;
  /** ISO 4217; every amount of the organization is in it. */
  readonly currency: string;
  readonly fileName: string;
  /** What to do with a file that has faulty records: take nothing of it, or leave them out. */
  readonly faultyRecords: 'refuse' | 'skip';
  readonly upload: AsyncIterable<Uint8Array>;
  /** Makes the record of the change that is about to be made. */
  readonly record: (details: Readonly<Record<string, unknown>>) => OutboxEntry;
}

const maxFaults = 100;
const maxRecords = 50_000_000;
/** Of blocks that nothing refers to: what an interrupted import has stored is taken up again within a day. */
const unusedGraceMs = 24 * 3_600_000;

type Counts = { -readonly [K in keyof ImportProgress]: ImportProgress[K] };

/** One import at work. */
interface Run {
  readonly counts: Counts;
  readonly faults: BillFault[];
  readonly writer: BlockWriter;
  readonly upload: MeasuredUpload;
  /** Notes how far it is. @throws AppError `import-superseded` */
  report(): Promise<void>;
}

const isFault = (read: BillRecord | BillFault): read is BillFault => 'reason' in read;

function noteFaults({ counts, faults }: Run, found: readonly BillFault[]): void {
  counts.refusedRecords += 1;
  faults.push(...found.slice(0, Math.max(0, maxFaults - faults.length)));
}

function noteDates({ counts }: Run, { date }: BillRow): void {
  if (counts.firstDate === null || date < counts.firstDate) counts.firstDate = date;
  if (counts.lastDate === null || date > counts.lastDate) counts.lastDate = date;
}

async function writeRows(run: Run, rows: BillRow[]): Promise<void> {
  const some = rows.splice(0);
  if (some.length > 0) await run.writer.write(some);
  run.counts.storedRecords += some.length;
  await run.report();
}

async function readFile(run: Run, file: RecordFile, { currency, faultyRecords }: ImportRequest): Promise<void> {
  const { counts } = run;
  counts.format = file.format;
  const focus = createFocusReader(file.header, currency);
  const rows: BillRow[] = [];
  for await (const read of file.records) {
    counts.records += 1;
    if (counts.records > maxRecords) {
      throw new AppError('bill-file-unreadable', `A file may have ${String(maxRecords)} records.`);
    }
    const result = isFault(read) ? { faults: [read] } : focus.read(read, counts.records);
    if ('faults' in result) {
      noteFaults(run, result.faults);
    } else {
      noteDates(run, result.row);
      // Of a file that will be refused nothing more is stored; the rest of it is read for its faults.
      if (counts.refusedRecords === 0 || faultyRecords === 'skip') rows.push(result.row);
    }
    if (counts.records % recordsPerBlock === 0) await writeRows(run, rows);
  }
  await writeRows(run, rows);
}

function refuseFaulty({ counts, faults }: Run, importId: string): void {
  const count = counts.refusedRecords;
  throw new AppError('bill-records-refused', `${String(count)} of ${String(counts.records)} records were refused.`, {
    details: { import_id: importId, refused_records: count, faults },
  });
}

/** Makes the blocks the file's, unless they are already. True when something changed. */
async function publish(
  { bills, expenseImports }: ImportDependencies,
  { account, fileName, record, ...context }: ImportRequest,
  begun: ExpenseImport,
  blocks: ReadonlyMap<string, number>,
): Promise<{ dataVersion: string; changed: boolean }> {
  await checkBlocks(bills, account.id, blocks, context);
  const blockIds = [...blocks.keys()];
  const dataVersion = createHash('sha256').update(blockIds.join('\n')).digest('hex');
  const current = await bills.findFile(account.id, fileName, context);
  if (current?.dataVersion === dataVersion) return { dataVersion, changed: false };
  // The rows become the file's in another store: announced first, since afterwards it may be too late (ADR 15).
  const details = {
    change: 'the file takes effect',
    file_name: fileName,
    import_id: begun.id,
    data_version: dataVersion,
  };
  const announced = await expenseImports.announce(account.id, begun.id, { outbox: record(details), running: true });
  if (!announced) throw new AppError('import-superseded', 'A later import of this file has begun.');
  const file = { fileName, sequence: begun.sequence, importId: begun.id, dataVersion, blockIds };
  await bills.publish(account.id, file, context);
  return { dataVersion, changed: true };
}

function createRun(
  { expenseImports, bills, maxUploadBytes }: ImportDependencies,
  request: ImportRequest,
  begun: ExpenseImport,
): Run {
  const { account, fileName, upload, ...context } = request;
  const { id, faults: _faults, ...progress } = begun;
  const faults: BillFault[] = [];
  const counts: Counts = { ...progress, faults };
  const measured = measureUpload(upload, maxUploadBytes);
  return {
    counts,
    faults,
    upload: measured,
    writer: createBlockWriter(bills, { cloudAccountId: account.id, importId: id, fileName }, context),
    async report() {
      counts.receivedBytes = measured.bytes;
      if (!(await expenseImports.progress(account.id, id, counts))) {
        throw new AppError('import-superseded', 'A later import of this file has begun.');
      }
    },
  };
}

/** The cause of a failure in words for the record of the import; an abort is the client's. */
const failureCodeOf = (error: unknown, aborted: boolean): string =>
  aborted && !isAppError(error) ? 'request-aborted' : toAppError(error).code;

/**
 * Imports a FOCUS file: its rows are stored in blocks as they arrive, and become visible at once when all are there. Nothing of
 * a file that ends early, or that is refused, is ever visible. The same file again finds its blocks stored.
 *
 * @throws AppError `bill-file-unreadable`, `focus-column-missing`, `bill-records-refused`, `import-superseded`, `body-too-large`
 */
export async function importExpenses(dependencies: ImportDependencies, request: ImportRequest): Promise<ExpenseImport> {
  const { expenseImports, bills, files, now } = dependencies;
  const { account, fileName } = request;
  if (account.type === 'kubernetes_cnr') {
    throw new AppError('account-not-bill', 'The expenses of a cluster come from its metrics.');
  }
  await bills.removeUnused(account.id, now() - unusedGraceMs, request);
  const begun = await expenseImports.begin(account.id, fileName);
  const run = createRun(dependencies, request, begun);
  try {
    await files.withFile(run.upload.chunks, (file) => readFile(run, file, request));
    run.counts.receivedBytes = run.upload.bytes;
    if (run.counts.refusedRecords > 0 && request.faultyRecords === 'refuse') refuseFaulty(run, begun.id);
    const { dataVersion, changed } = await publish(dependencies, request, begun, run.writer.blocks);
    const sha256 = run.upload.sha256();
    const outcome = { state: 'completed', sha256, dataVersion, changed } as const;
    const finished = await expenseImports.finish(account.id, begun.id, run.counts, outcome);
    if (finished === null) throw new AppError('import-superseded', 'A later import of this file has begun.');
    return finished;
  } catch (error) {
    const outcome = { state: 'failed', failureCode: failureCodeOf(error, request.signal.aborted) } as const;
    // The error itself says more than that its note could not be taken.
    await expenseImports.finish(account.id, begun.id, run.counts, outcome).catch(() => undefined);
    throw error;
  }
}
