import { createRandom } from './random';

describe('createRandom', () => {
  it('gives the same stream for the same key and another one for another key', () => {
    const first = (...key: (string | number)[]): number[] => {
      const random = createRandom(...key);
      return Array.from({ length: 20 }, () => random.fraction());
    };

    expect(first(1, 'node', 'a')).toEqual(first(1, 'node', 'a'));
    expect(first(1, 'node', 'a')).not.toEqual(first(2, 'node', 'a'));
    // Keys are told apart by element, not by their concatenation.
    expect(first('ab', 'c')).not.toEqual(first('a', 'bc'));
  });

  it('stays inside its bounds, both ends of a whole range included', () => {
    const random = createRandom('bounds');
    const drawn = new Set(Array.from({ length: 500 }, () => random.integer(2, 5)));

    expect([...drawn].sort()).toEqual([2, 3, 4, 5]);
    for (let index = 0; index < 500; index++) {
      const between = random.between(0.9, 1.1);
      expect(between).toBeGreaterThanOrEqual(0.9);
      expect(between).toBeLessThan(1.1);
    }
  });

  it('makes names and ids in the form that Kubernetes uses', () => {
    const random = createRandom('names');

    expect(random.nameSuffix(5)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(random.hex(64)).toMatch(/^[0-9a-f]{64}$/);
  });
});
