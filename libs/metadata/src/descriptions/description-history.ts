/** From an hour on (unix seconds), something was described so, until the next change. */
export interface DescriptionChange {
  readonly from: number;
  /** JSON with sorted keys: equal texts are equal facts. */
  readonly facts: string;
}

const hourSeconds = 3_600;
/** What changes each hour (an annotation with a time in it) would grow for ever; the latest are kept. */
const maxChanges = 100;
/** Some changes may be large (a hundred labels each): a history that is read and written whole stays small. */
const maxLength = 256 * 1024;

/** The latest changes of at most so many, and so long together; one at least. */
function latest(changes: readonly DescriptionChange[]): readonly DescriptionChange[] {
  let length = 0;
  const tooOld = changes.findLastIndex(({ facts }) => (length += facts.length) > maxLength);
  return changes.slice(Math.min(tooOld + 1, changes.length - 1)).slice(-maxChanges);
}

/** How something was described in an hour; of hours before the first that is known, as in the first. Undefined: never. */
export function changeAt(changes: readonly DescriptionChange[], hour: number): DescriptionChange | undefined {
  return changes.findLast(({ from }) => from <= hour) ?? changes[0];
}

/**
 * The history with what was seen in one hour. Hours come in any order, and again: of each the last that was said holds, and what is known
 * of others stays. An hour that nobody saw is described as the one before it.
 */
export function withObservation(
  { changes, lastSeen }: { readonly changes: readonly DescriptionChange[]; readonly lastSeen: number },
  { hour, facts }: { readonly hour: number; readonly facts: string },
): readonly DescriptionChange[] {
  const before = changes.findLast(({ from }) => from <= hour);
  if (before?.facts === facts) return changes;
  const next = changes.find(({ from }) => from > hour);
  // What was seen after this hour, and before the next change, stays as it was.
  const resumes =
    before !== undefined && hour < lastSeen && (next === undefined || next.from > hour + hourSeconds)
      ? [{ from: hour + hourSeconds, facts: before.facts }]
      : [];
  const steps = [...changes.filter(({ from }) => from !== hour), { from: hour, facts }, ...resumes];
  const sorted = steps.sort((left, right) => left.from - right.from);
  return latest(sorted.filter((step, index) => sorted[index - 1]?.facts !== step.facts));
}
