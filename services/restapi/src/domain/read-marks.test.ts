import { createReadMarks } from './read-marks';

describe('createReadMarks', () => {
  it('is due once a minute for each account', () => {
    let nowMs = 0;
    const marks = createReadMarks({ periodMs: 60_000, maxIds: 10, now: () => nowMs });
    expect([marks.due('a'), marks.due('a'), marks.due('b')]).toEqual([true, false, true]);
    nowMs = 59_999;
    expect(marks.due('a')).toBe(false);
    nowMs = 60_000;
    expect(marks.due('a')).toBe(true);
  });

  it('remembers no more accounts than its bound; a forgotten one is due again', () => {
    const marks = createReadMarks({ periodMs: 60_000, maxIds: 2, now: () => 0 });
    expect(['a', 'b', 'c', 'c', 'a'].map((id) => marks.due(id))).toEqual([true, true, true, false, true]);
  });
});
