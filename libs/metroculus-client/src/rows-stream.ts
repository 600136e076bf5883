import { createHash } from 'node:crypto';
import { incompleteStream, parseStreamLine } from './incomplete-stream';
import { streamLines } from './stream-lines';

/** What a stream of rows is made of: lines, and a last one that counts them and has their hash. */
interface RowsForm<Row, End> {
  readonly row: { readonly parse: (input: unknown) => Row };
  readonly end: { readonly parse: (input: unknown) => End };
  readonly maxLineBytes: number;
}

const endStart = Buffer.from('{"end":');

/**
 * Reads NDJSON piece by piece. Either all of it is returned or nothing.
 *
 * @throws AppError `metroculus-incomplete-stream` when a line is too long or not of the contract, or the last one is missing or its count or
 * hash is not that of the rows before it.
 */
export async function readRowsStream<Row, End extends { readonly rows: number; readonly sha256: string }>(
  pieces: AsyncIterable<Uint8Array>,
  form: RowsForm<Row, End>,
): Promise<{ readonly rows: readonly Row[]; readonly end: End }> {
  const rows: Row[] = [];
  const hash = createHash('sha256');
  let end: End | undefined;
  for await (const line of streamLines(pieces, form.maxLineBytes)) {
    if (end !== undefined) throw incompleteStream('it goes on after its end');
    if (line.subarray(0, endStart.length).equals(endStart)) {
      end = parseStreamLine(line.toString(), form.end);
      continue;
    }
    rows.push(parseStreamLine(line.toString(), form.row));
    hash.update(line);
  }
  if (end === undefined) throw incompleteStream('its last line is missing');
  if (end.rows !== rows.length) throw incompleteStream('rows are missing');
  if (hash.digest('hex') !== end.sha256) throw incompleteStream('its hash is another one');
  return { rows, end };
}
