import { createHash } from 'node:crypto';
import type { ExportedAsset } from './exported-asset';
import type { ExportedRow } from './exported-row';
import { foldRows, type FoldLimits } from './fold';

const hashBytes = 32;

/** What Kubecost said of one hour when it was read. */
export interface ReadHour {
  readonly startMs: number;
  readonly rows: readonly ExportedRow[];
  /** Null when they could not be read. */
  readonly assets: readonly ExportedAsset[] | null;
}

/** An hour as it is served. */
export interface ServedHour extends ReadHour {
  readonly foldedPods: number;
  readonly foldedCost: number;
}

/** Folds what is not worth a series. */
export function toServedHour(hour: ReadHour, limits: FoldLimits): ServedHour {
  return { ...hour, ...foldRows(hour.rows, limits) };
}

/**
 * The same for the same content, in whatever order it came: the hashes of all entries, which are different from each
 * other, combined by exclusive or.
 */
export function fingerprintOf({ rows, assets }: ReadHour): string {
  const combined = Buffer.alloc(hashBytes);
  const add = (entry: ExportedRow | ExportedAsset): void => {
    const hash = createHash('sha256').update(JSON.stringify(entry)).digest();
    for (let index = 0; index < hashBytes; index += 1) combined[index] = (combined[index] ?? 0) ^ (hash[index] ?? 0);
  };
  rows.forEach(add);
  assets?.forEach(add);
  return combined.toString('hex');
}
