import { createHash } from 'node:crypto';
import {
  allocationRowSchema,
  allocationsEndSchema,
  assetRowSchema,
  type AllocationRow,
  type AllocationsEnd,
  type AssetRow,
} from './contract';
import { incompleteStream, parseStreamLine } from './incomplete-stream';
import { streamLines } from './stream-lines';

/** An hour of a cluster: what it runs on, what runs in it, and the line that proves that this is all. */
export interface KubecostAllocations {
  readonly assets: readonly AssetRow[];
  /** Per resource and in total they add up to the assets, to the nano. */
  readonly allocations: readonly AllocationRow[];
  readonly end: AllocationsEnd;
}

// Labels and annotations of a pod and its namespace can be 256 KiB each, and their text doubles when it is escaped.
const maxLineBytes = 4 * 1024 * 1024;

/** What a line is shows in its first key: rows have theirs in the order of their schema. */
const lineStarts = { asset: Buffer.from('{"asset_type":'), allocation: Buffer.from('{"kind":') };
const startsWith = (line: Buffer, start: Buffer): boolean => line.subarray(0, start.length).equals(start);

/**
 * Reads the NDJSON of an hour piece by piece. Either all of it is returned or nothing.
 *
 * @throws AppError `metroculus-incomplete-stream` when a line is too long or not of the contract, lines are out of order,
 * or the last one is missing or its counts or hash are not those of the rows before it.
 */
export async function readAllocationsStream(pieces: AsyncIterable<Uint8Array>): Promise<KubecostAllocations> {
  const assets: AssetRow[] = [];
  const allocations: AllocationRow[] = [];
  const hash = createHash('sha256');
  let end: AllocationsEnd | undefined;
  for await (const line of streamLines(pieces, maxLineBytes)) {
    if (end !== undefined) throw incompleteStream('it goes on after its end');
    if (startsWith(line, lineStarts.allocation)) {
      allocations.push(parseStreamLine(line.toString(), allocationRowSchema));
    } else if (startsWith(line, lineStarts.asset)) {
      if (allocations.length > 0) throw incompleteStream('an asset comes after the allocations');
      assets.push(parseStreamLine(line.toString(), assetRowSchema));
    } else {
      end = parseStreamLine(line.toString(), allocationsEndSchema);
      continue;
    }
    hash.update(line);
  }
  if (end === undefined) throw incompleteStream('its last line is missing');
  if (end.asset_rows !== assets.length || end.rows !== allocations.length) throw incompleteStream('rows are missing');
  if (hash.digest('hex') !== end.sha256) throw incompleteStream('its hash is another one');
  return { assets, allocations, end };
}
