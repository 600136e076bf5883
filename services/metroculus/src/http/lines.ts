import type { Hash } from 'node:crypto';

/** Content type of answers of one JSON object a line. */
export const linesContentType = 'application/x-ndjson';

/** Rows are sent some hundred at a time: one write each would cost more than the row. */
export const linesPerChunk = 200;

/** Lines are written when the reader has taken those before: all of them together are larger than the rows themselves. */
export function* chunksOf<Row>(rows: readonly Row[], lineOf: (row: Row) => string, hash: Hash): Generator<string> {
  for (let from = 0; from < rows.length; from += linesPerChunk) {
    const chunk = rows
      .slice(from, from + linesPerChunk)
      .map(lineOf)
      .join('');
    hash.update(chunk);
    yield chunk;
  }
}

/** The line that proves that all lines are there. */
export const lastLine = (end: { readonly end: true; readonly sha256: string }): string => `${JSON.stringify(end)}\n`;
