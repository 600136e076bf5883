import { eachBounded } from './each-bounded';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('eachBounded', () => {
  it('keeps the order of the inputs and never has more than the limit at work', async () => {
    let atWork = 0;
    let most = 0;
    const results = await eachBounded([5, 4, 3, 2, 1], 2, async (input) => {
      atWork += 1;
      most = Math.max(most, atWork);
      for (let turn = 0; turn < input; turn += 1) await tick();
      atWork -= 1;
      return input * 10;
    });
    expect(results).toEqual([50, 40, 30, 20, 10]);
    expect(most).toBe(2);
  });

  it('ends with the first failure and begins nothing more', async () => {
    const begun: number[] = [];
    const work = eachBounded([1, 2, 3, 4], 1, async (input) => {
      begun.push(input);
      await tick();
      if (input === 2) throw new Error('broken');
    });
    await expect(work).rejects.toThrow('broken');
    expect(begun).toEqual([1, 2]);
  });
});
