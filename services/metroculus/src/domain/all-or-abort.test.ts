import { allOrAbort } from './all-or-abort';

const never = new AbortController().signal;

/** A task that ends only when it is cancelled. */
const untilCancelled = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });

describe('allOrAbort', () => {
  it('gives results in the order of the items, so many at once', async () => {
    let running = 0;
    let most = 0;
    const double = async (item: number): Promise<number> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return item * 2;
    };
    expect(await allOrAbort(never, [1, 2, 3, 4, 5], double, 2)).toEqual([2, 4, 6, 8, 10]);
    expect(most).toBe(2);
    expect(await allOrAbort(never, [], double)).toEqual([]);
  });

  it('cancels the others at the first failure, starts no more, and throws that failure', async () => {
    const started: number[] = [];
    const task = (item: number, signal: AbortSignal): Promise<never> => {
      started.push(item);
      return item === 2 ? Promise.reject(new Error('second')) : untilCancelled(signal);
    };
    await expect(allOrAbort(never, [1, 2, 3, 4], task, 2)).rejects.toThrow('second');
    expect(started).toEqual([1, 2]);
  });

  it('cancels all when the caller does', async () => {
    const caller = new AbortController();
    const all = allOrAbort(caller.signal, [1, 2], (_item, signal) => untilCancelled(signal));
    caller.abort(new Error('gone'));
    await expect(all).rejects.toThrow('gone');
  });
});
