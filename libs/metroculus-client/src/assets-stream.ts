import { createHash } from 'node:crypto';
import { assetRowSchema, assetsEndSchema, type AssetRow, type AssetsEnd } from './contract';
import { incompleteStream, parseStreamLine } from './incomplete-stream';

/** All rows of an hour and the line that proves they are all. */
export interface KubecostAssets {
  readonly rows: readonly AssetRow[];
  readonly end: AssetsEnd;
}

/**
 * Reads the NDJSON of an hour. Either all of it is returned or nothing.
 *
 * @throws AppError `metroculus-incomplete-stream` when the last line is missing or its count or hash is not that of the
 * rows before it.
 */
export function readAssetsStream(text: string): KubecostAssets {
  const lines = text.split('\n');
  // Every line ends with a newline, the last one too: without it, it may have been cut.
  if (lines.pop() !== '') throw incompleteStream('it ends within a line');
  const last = lines.pop();
  if (last?.startsWith('{"end":') !== true) throw incompleteStream('its last line is missing');
  const end = parseStreamLine(last, assetsEndSchema);
  if (end.rows !== lines.length) throw incompleteStream('rows are missing');
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${line}\n`);
  if (hash.digest('hex') !== end.sha256) throw incompleteStream('its hash is another one');
  return { rows: lines.map((line) => parseStreamLine(line, assetRowSchema)), end };
}
