import { randomUUID } from 'node:crypto';
import { piecesOf } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { forEachBounded } from '../domain/for-each-bounded';
import type { FactsKey, FactTable } from '../ports';

const writeAttempts = 3;
/** About 8 MB as JSON: what is in memory of an insert. */
const rowsPerInsert = 5_000;
/** One is written here while ClickHouse takes in the other. */
const insertsAtOnce = 2;

/** The rows of one version of an hour. */
export interface FactsToStore<Fact> {
  readonly cloudAccountId: string;
  readonly key: FactsKey;
  readonly rows: readonly Fact[];
}

async function insertInPieces<Fact>(
  table: FactTable<Fact>,
  { cloudAccountId, key, rows }: FactsToStore<Fact>,
  token: string,
): Promise<void> {
  await forEachBounded([...piecesOf(rows, rowsPerInsert)], insertsAtOnce, (piece, index) =>
    table.insert(cloudAccountId, key, piece, index === 0 ? token : `${token}|${String(index * rowsPerInsert)}`),
  );
}

/**
 * Sees to it that exactly these facts are there. Nobody reads them before the pointer names their version, so they may come in pieces; the
 * count is what counts. The first attempt has tokens that every run of this version shares, so that what a killed run or one whose answer
 * was lost has written is not written twice. Should the rows still not be as they must be (the server remembered the tokens but lost the
 * rows, or forgot the tokens; a hand in the database), they are written anew under tokens of their own.
 */
export async function ensureFacts<Fact>(table: FactTable<Fact>, facts: FactsToStore<Fact>): Promise<void> {
  const { cloudAccountId, key, rows } = facts;
  const token = `${cloudAccountId}|${String(key.hour)}|${key.dataVersion}`;
  for (let attempt = 1; ; attempt += 1) {
    const found = await table.count(cloudAccountId, key);
    if (found === rows.length) return;
    if (attempt > writeAttempts) break;
    const isFirst = attempt === 1 && found < rows.length;
    if (!isFirst && found > 0) await table.remove(cloudAccountId, key);
    await insertInPieces(table, facts, isFirst ? token : `${token}|${randomUUID()}`);
  }
  throw new AppError('facts-incomplete', 'ClickHouse does not hold the rows that were written.');
}
