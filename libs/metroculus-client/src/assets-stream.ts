import { createHash } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import { assetRowSchema, assetsEndSchema, type AssetRow, type AssetsEnd } from './contract';

/** All rows of an hour and the line that proves they are all. */
export interface KubecostAssets {
  readonly rows: readonly AssetRow[];
  readonly end: AssetsEnd;
}

function incomplete(reason: string, cause?: unknown): AppError {
  return new AppError('metroculus-incomplete-stream', `The stream of an hour is not complete: ${reason}.`, { cause });
}

function parseLine<T>(line: string, schema: { parse(input: unknown): T }): T {
  try {
    return schema.parse(JSON.parse(line));
  } catch (error) {
    throw incomplete('a line is not of the agreed form', error);
  }
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
  if (lines.pop() !== '') throw incomplete('it ends within a line');
  const last = lines.pop();
  if (last?.startsWith('{"end":') !== true) throw incomplete('its last line is missing');
  const end = parseLine(last, assetsEndSchema);
  if (end.rows !== lines.length) throw incomplete('rows are missing');
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${line}\n`);
  if (hash.digest('hex') !== end.sha256) throw incomplete('its hash is another one');
  return { rows: lines.map((line) => parseLine(line, assetRowSchema)), end };
}
