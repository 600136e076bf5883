/**
 * Takes one of each list in turn until all are empty: the first of every list, then the second of every list, … The list to begin with
 * moves on with `offset`, so that a bound on what is taken does not always leave out the same ones.
 */
export function* roundRobin<T>(lists: readonly (readonly T[])[], offset: number): Generator<T> {
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length === 0) return;
  const start = offset % filled.length;
  const inTurn = [...filled.slice(start), ...filled.slice(0, start)];
  const longest = Math.max(...inTurn.map((list) => list.length));
  for (let index = 0; index < longest; index += 1) {
    for (const list of inTurn) {
      const item = list[index];
      if (item !== undefined) yield item;
    }
  }
}
