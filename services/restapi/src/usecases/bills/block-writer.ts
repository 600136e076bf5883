import { createHash } from 'node:crypto';
import { formatNanos, groupBy } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { BillRow } from '../../domain/bills/bill-row';
import type { ReadContext } from '../../ports';
import type { BillBlock, BillStore } from '../../bill-ports';

/** Records of a file that are stored together. A block with rows of two months is two. */
export const recordsPerBlock = 20_000;

/** Writes the rows of a file as blocks, in the file's order. */
export interface BlockWriter {
  /** Resolves when they are stored, by this call or by an earlier import that was interrupted. */
  write(rows: readonly BillRow[]): Promise<void>;
  /** Ids of the blocks, in order, with the number of their rows. */
  readonly blocks: ReadonlyMap<string, number>;
}

const canonical = (row: BillRow): string =>
  JSON.stringify({ ...row, billedCost: formatNanos(row.billedCost), effectiveCost: formatNanos(row.effectiveCost) });

function blockOf(fileName: string, place: number, rows: readonly BillRow[]): BillBlock {
  const hash = createHash('sha256').update(JSON.stringify([fileName, place]));
  for (const row of rows) hash.update('\n').update(canonical(row));
  return { id: hash.digest('hex'), rows };
}

function byMonth(rows: readonly BillRow[]): BillRow[][] {
  const months = groupBy(rows, ({ date }) => date.slice(0, 7));
  return [...months].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ofMonth]) => ofMonth);
}

/** A writer for one import of a file. */
export function createBlockWriter(
  store: BillStore,
  target: { readonly cloudAccountId: string; readonly importId: string; readonly fileName: string },
  context: ReadContext,
): BlockWriter {
  const { cloudAccountId, importId, fileName } = target;
  const blocks = new Map<string, number>();
  let place = 0;

  const writeBlock = async (block: BillBlock, stored: number | undefined): Promise<void> => {
    if (stored === block.rows.length) return;
    // An insert is whole or not there; other numbers are of two imports that met.
    if (stored !== undefined) await store.removeBlock(cloudAccountId, block.id, context);
    await store.insertBlock(cloudAccountId, importId, block, context);
  };

  return {
    blocks,
    async write(rows) {
      const own = byMonth(rows).map((ofMonth) => blockOf(fileName, place, ofMonth));
      place += 1;
      const ids = own.map(({ id }) => id);
      const stored = await store.countRows(cloudAccountId, ids, context);
      for (const block of own) {
        await writeBlock(block, stored.get(block.id));
        blocks.set(block.id, block.rows.length);
      }
    },
  };
}

const idsPerCheck = 500;

/** @throws AppError `bill-storing-failed` when a block is not stored as it was written. */
export async function checkBlocks(
  store: BillStore,
  cloudAccountId: string,
  blocks: ReadonlyMap<string, number>,
  context: ReadContext,
): Promise<void> {
  const ids = [...blocks.keys()];
  for (let first = 0; first < ids.length; first += idsPerCheck) {
    const some = ids.slice(first, first + idsPerCheck);
    const stored = await store.countRows(cloudAccountId, some, context);
    const wrong = some.filter((id) => stored.get(id) !== blocks.get(id));
    if (wrong.length > 0) {
      throw new AppError('bill-storing-failed', 'Blocks of the file are not stored as they were sent.', {
        details: { blocks: wrong.length },
      });
    }
  }
}
