import fc from 'fast-check';
import { changeAt, withObservation, type DescriptionChange } from './description-history';

const hour = (count: number): number => count * 3_600;
type Seen = readonly [hour: number, facts: string];

function historyOf(seen: readonly Seen[]): readonly DescriptionChange[] {
  let changes: readonly DescriptionChange[] = [];
  let lastSeen = 0;
  for (const [count, facts] of seen) {
    changes = withObservation({ changes, lastSeen }, { hour: hour(count), facts });
    lastSeen = Math.max(lastSeen, hour(count));
  }
  return changes;
}

describe('the history of a description', () => {
  it('has a change only where something changed', () => {
    const changes = historyOf([
      [1, 'a'],
      [2, 'a'],
      [5, 'b'],
      [6, 'b'],
    ]);
    expect(changes).toEqual([
      { from: hour(1), facts: 'a' },
      { from: hour(5), facts: 'b' },
    ]);
    // Hours that nobody saw are as the last one before.
    expect(changeAt(changes, hour(4))?.facts).toBe('a');
    expect(changeAt(changes, hour(0))?.facts).toBe('a');
    expect(changeAt([], hour(0))).toBeUndefined();
  });

  it('corrects one hour in the middle and no other', () => {
    const changes = historyOf([
      [1, 'a'],
      [2, 'a'],
      [3, 'a'],
      [2, 'b'],
    ]);
    expect([1, 2, 3].map((count) => changeAt(changes, hour(count))?.facts)).toEqual(['a', 'b', 'a']);
  });

  it('says of every hour what was last said of it, whatever the order', () => {
    const seen = fc.tuple(fc.nat(12), fc.constantFrom('a', 'b', 'c'));
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 40 }), (observations) => {
        const changes = historyOf(observations);
        const last = new Map(observations);
        for (const [count, facts] of last) expect(changeAt(changes, hour(count))?.facts).toBe(facts);
        const facts = changes.map((change) => change.facts);
        expect(facts.every((text, index) => text !== facts[index - 1])).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the latest 100 changes', () => {
    const changes = historyOf(Array.from({ length: 250 }, (_none, index) => [index, `at ${String(index)}`] as const));
    expect([changes.length, changes[0]?.facts]).toEqual([100, 'at 150']);
  });

  it('keeps the latest changes that are 256 KiB together, and the last whatever its length', () => {
    const large = (count: number, length: number): Seen => [count, String(count).padEnd(length, 'x')];
    const kib = 1024;
    const sixtyFour = historyOf(Array.from({ length: 10 }, (_none, index) => large(index, 64 * kib)));
    expect(sixtyFour.map(({ from }) => from / 3_600)).toEqual([6, 7, 8, 9]);
    const last = historyOf([large(1, 10), large(2, 10), large(3, 300 * kib)]);
    expect(last.map(({ from }) => from / 3_600)).toEqual([3]);
  });
});
