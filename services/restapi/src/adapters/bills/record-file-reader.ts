import { focusColumns } from '../../domain/bills/focus-record';
import type { RecordFileReader } from '../../bill-ports';
import { openCsv } from './csv-records';
import { withParquet } from './parquet-records';

const gzipMagic = Buffer.from([0x1f, 0x8b]);
const parquetMagic = Buffer.from('PAR1');

/** The first bytes, and all of them again. */
async function peek(bytes: AsyncIterable<Uint8Array>): Promise<{ start: Buffer; all: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < parquetMagic.length) {
    const next = await iterator.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    if (start.length > 0) yield start;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { start, all: all() };
}

const beginsWith = (start: Buffer, magic: Buffer): boolean => start.subarray(0, magic.length).equals(magic);

/** Reads CSV, gzipped CSV and Parquet. Parquet needs room in `spoolFolder` for the file. */
export function createRecordFileReader({ spoolFolder }: { readonly spoolFolder: string }): RecordFileReader {
  return {
    async withFile(bytes, work) {
      const { start, all } = await peek(bytes);
      if (beginsWith(start, parquetMagic)) {
        return withParquet(all, { folder: spoolFolder, columns: focusColumns }, work);
      }
      return work(await openCsv(all, beginsWith(start, gzipMagic)));
    },
  };
}
