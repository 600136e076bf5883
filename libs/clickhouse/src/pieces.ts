/**
 * Items by so many at a time, in order: a server takes parameters of up to 128 KiB, so that what names many versions or ids is asked in several
 * statements.
 */
export function* piecesOf<Item>(items: readonly Item[], count: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += count) yield items.slice(start, start + count);
}
