import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { AppError } from '@cloudtuner/errors';
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import type { BillRecord } from '../../domain/bills/bill-row';
import type { RecordFile } from '../../bill-ports';

/** A row group is decoded as a whole, its wanted columns only. */
const maxRowsOfGroup = 1_000_000;
const maxBytesOfGroup = 256 * 1024 * 1024;

const compressors = {
  GZIP: (input: Uint8Array): Uint8Array => gunzipSync(input),
  BROTLI: (input: Uint8Array): Uint8Array => brotliDecompressSync(input),
};

const unreadable = (detail: string, cause?: unknown): AppError =>
  new AppError('bill-file-unreadable', detail, cause === undefined ? {} : { cause });

function bufferOf(handle: FileHandle, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(end - start);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) throw unreadable('The Parquet file is cut off.');
        filled += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

/** A typed value of Parquet as CSV would have it. */
function cellOf(cell: unknown): string | null {
  if (cell === null || cell === undefined) return null;
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? 'not a time' : cell.toISOString();
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'object') {
    return JSON.stringify(cell, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  }
  return typeof cell === 'number' || typeof cell === 'bigint' || typeof cell === 'boolean'
    ? String(cell)
    : 'not a value';
}

async function* recordsOf(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: readonly string[],
): AsyncGenerator<BillRecord> {
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const bytes = group.columns.reduce((sum, column) => {
      const { total_uncompressed_size: size = 0, path_in_schema: [name = ''] = [] } = column.meta_data ?? {};
      return columns.includes(name) ? sum + Number(size) : sum;
    }, 0);
    if (rowEnd - rowStart > maxRowsOfGroup || bytes > maxBytesOfGroup) {
      throw unreadable('A row group is larger than 1,000,000 rows or 256 MiB; write the file with smaller ones.');
    }
    const rows = await parquetReadObjects({
      file,
      metadata,
      columns: [...columns],
      rowStart,
      rowEnd,
      compressors,
    }).catch((error: unknown) => {
      throw unreadable('A row group of the Parquet file cannot be read.', error);
    });
    for (const [index, row] of rows.entries()) {
      yield { line: rowStart + index + 1, cells: columns.map((column) => cellOf(row[column])) };
    }
    rowStart = rowEnd;
  }
}

async function spool(handle: FileHandle, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of bytes) {
    await handle.write(chunk, 0, chunk.length, length);
    length += chunk.length;
  }
  return length;
}

async function openSpooled(handle: FileHandle, byteLength: number, wanted: readonly string[]): Promise<RecordFile> {
  const file = bufferOf(handle, byteLength);
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw unreadable('The footer of the Parquet file cannot be read.', error);
  });
  const names = new Set(
    metadata.row_groups.flatMap(({ columns }) => columns.map((c) => c.meta_data?.path_in_schema[0])),
  );
  const header = wanted.filter((name) => names.has(name));
  return { format: 'parquet', header, records: recordsOf(file, metadata, header) };
}

/** A Parquet file: its footer is at its end, so it goes to a file of ours first, which is gone when the work is done. */
export async function withParquet<T>(
  bytes: AsyncIterable<Uint8Array>,
  options: { readonly folder: string; readonly columns: readonly string[] },
  work: (file: RecordFile) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(options.folder, 'cloudtuner-import-'));
  try {
    const handle = await open(join(folder, 'bill.parquet'), 'w+', 0o600);
    try {
      return await work(await openSpooled(handle, await spool(handle, bytes), options.columns));
    } finally {
      await handle.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
