import { isReserved, type ReservedLabels } from './reserved-labels';
import type { SeriesView } from './series-view';
import type { Label } from './write-request';

const exportedPrefix = Buffer.from('exported_');

/** One label of a series as it is stored. */
export interface StoredLabel {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
  /** Which label of the series it is, when its name is unchanged. */
  readonly unchanged?: number;
}

/** A label that goes into every series, as bytes. */
export function toStoredLabel({ name, value }: Label): StoredLabel {
  return { name: Buffer.from(name), value: Buffer.from(value) };
}

/** The labels of a series as they are stored: renamed where reserved, sorted, without empty values, one injected. */
export function storedLabels(
  series: SeriesView,
  reserved: ReservedLabels,
  injected: StoredLabel | undefined,
): StoredLabel[] {
  const { bytes } = series;
  const kept: StoredLabel[] = [];
  const renamed: StoredLabel[] = [];
  for (let label = 0; label < series.labelCount; label += 1) {
    const value = bytes.subarray(series.valueStart(label), series.valueEnd(label));
    if (value.length === 0) continue;
    const name = bytes.subarray(series.nameStart(label), series.nameEnd(label));
    if (isReserved(reserved, name)) renamed.push({ name, value });
    else kept.push({ name, value, unchanged: label });
  }
  if (renamed.length > 0) rename(renamed, kept);
  if (injected !== undefined) kept.push(injected);
  return kept.sort((a, b) => Buffer.compare(a.name, b.name));
}

function rename(renamed: StoredLabel[], kept: StoredLabel[]): void {
  const taken = new Set(kept.map(({ name }) => Buffer.from(name).toString('latin1')));
  // Shortest first, as Prometheus does, so that the result does not depend on the order of the labels.
  renamed.sort((a, b) => a.name.length - b.name.length || Buffer.compare(a.name, b.name));
  for (const { name, value } of renamed) kept.push({ name: freeExportedName(name, taken), value });
}

/** The name with `exported_` in front as often as needed to be free; it is taken from then on. */
function freeExportedName(name: Uint8Array, taken: Set<string>): Buffer {
  let candidate = Buffer.concat([exportedPrefix, name]);
  while (taken.has(candidate.toString('latin1'))) candidate = Buffer.concat([exportedPrefix, candidate]);
  taken.add(candidate.toString('latin1'));
  return candidate;
}

/** Where a label of this name belongs among sorted labels. */
export function sortedPlace(series: SeriesView, name: Uint8Array): number {
  for (let label = 0; label < series.labelCount; label += 1) {
    if (compareName(series, label, name) > 0) return label;
  }
  return series.labelCount;
}

function compareName(series: SeriesView, label: number, name: Uint8Array): number {
  const start = series.nameStart(label);
  const length = series.nameEnd(label) - start;
  const shared = Math.min(length, name.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (series.bytes[start + index] ?? 0) - (name[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return length - name.length;
}
