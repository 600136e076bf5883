/** Things by so many at a time, in order: for statements and inserts that take only so much at once. */
export function* piecesOf<Thing>(things: readonly Thing[], count: number): Generator<readonly Thing[]> {
  for (let start = 0; start < things.length; start += count) yield things.slice(start, start + count);
}
