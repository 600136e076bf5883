import type { BillFault, BillRecord, BillRow } from './domain/bills/bill-row';
import type { ReadContext } from './ports';

/** A file as records, read as it arrives. */
export interface RecordFile {
  readonly format: 'csv' | 'csv.gz' | 'parquet';
  readonly header: readonly string[];
  /** Records, and places where there is none that can be read. */
  readonly records: AsyncIterable<BillRecord | BillFault>;
}

/** Opens a file of any of the formats; which one is told by its first bytes. */
export interface RecordFileReader {
  /** @throws AppError `bill-file-unreadable` here or while reading. */
  withFile<T>(bytes: AsyncIterable<Uint8Array>, work: (file: RecordFile) => Promise<T>): Promise<T>;
}

/** Rows of one block and one month of a file. */
export interface BillBlock {
  /** SHA-256 of the file's name, the place of the block in it, and the rows. */
  readonly id: string;
  readonly rows: readonly BillRow[];
}

/** The current version of a file of an account. */
export interface BillFile {
  readonly fileName: string;
  readonly sequence: number;
  readonly importId: string;
  /** SHA-256 of the ids of its blocks. */
  readonly dataVersion: string;
}

/** Where bills are stored. Every method throws `clickhouse-unavailable` when the store is down or hangs. */
export interface BillStore {
  /** How many rows of each of these blocks are stored; what is not there at all is not in the map. */
  countRows(
    cloudAccountId: string,
    blockIds: readonly string[],
    context: ReadContext,
  ): Promise<ReadonlyMap<string, number>>;
  /** Stores a block as a whole, or not at all; twice for the same import is once. */
  insertBlock(cloudAccountId: string, importId: string, block: BillBlock, context: ReadContext): Promise<void>;
  removeBlock(cloudAccountId: string, blockId: string, context: ReadContext): Promise<void>;
  /** The current version; null: there is none, or it was deleted. */
  findFile(cloudAccountId: string, fileName: string, context: ReadContext): Promise<BillFile | null>;
  listFiles(cloudAccountId: string, context: ReadContext): Promise<BillFile[]>;
  /** Makes these blocks the file's; none delete it. The greatest sequence wins. */
  publish(
    cloudAccountId: string,
    file: BillFile & { readonly blockIds: readonly string[] },
    context: ReadContext,
  ): Promise<void>;
  /** Removes blocks that no file refers to and that were written before this moment. */
  removeUnused(cloudAccountId: string, writtenBeforeMs: number, context: ReadContext): Promise<void>;
}
