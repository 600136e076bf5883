import { createHash } from 'node:crypto';
import { incompleteStream, parseStreamLine } from './incomplete-stream';
import { figuresEndSchema, kubecostFigureSchema, type FiguresEnd, type KubecostFigure } from './statements-contract';
import { streamLines } from './stream-lines';

/** What Kubecost says of an hour, and the line that proves that this is all. */
export interface KubecostFigures {
  readonly rows: readonly KubecostFigure[];
  readonly end: FiguresEnd;
}

const maxLineBytes = 64 * 1024;
const endStart = Buffer.from('{"end":');

/**
 * Reads the NDJSON of Kubecost's figures piece by piece. Either all of it is returned or nothing.
 *
 * @throws AppError `metroculus-incomplete-stream` when a line is too long or not of the contract, or the last one is missing or its count or
 * hash is not that of the rows before it.
 */
export async function readFiguresStream(pieces: AsyncIterable<Uint8Array>): Promise<KubecostFigures> {
  const rows: KubecostFigure[] = [];
  const hash = createHash('sha256');
  let end: FiguresEnd | undefined;
  for await (const line of streamLines(pieces, maxLineBytes)) {
    if (end !== undefined) throw incompleteStream('it goes on after its end');
    if (line.subarray(0, endStart.length).equals(endStart)) {
      end = parseStreamLine(line.toString(), figuresEndSchema);
      continue;
    }
    rows.push(parseStreamLine(line.toString(), kubecostFigureSchema));
    hash.update(line);
  }
  if (end === undefined) throw incompleteStream('its last line is missing');
  if (end.rows !== rows.length) throw incompleteStream('rows are missing');
  if (hash.digest('hex') !== end.sha256) throw incompleteStream('its hash is another one');
  return { rows, end };
}
