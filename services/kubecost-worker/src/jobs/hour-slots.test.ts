import { once } from 'node:events';
import { createHourSlots } from './hour-slots';

const open = new AbortController().signal;

/** Work that ends when it is told to. */
function work(log: string[], name: string) {
  const ending = new AbortController();
  const run = async (): Promise<void> => {
    log.push(name);
    if (!ending.signal.aborted) await once(ending.signal, 'abort');
  };
  const end = (): void => {
    ending.abort();
  };
  return { run, end };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('slots for hours', () => {
  it('let so many run at once, the others in the order of their asking', async () => {
    const slots = createHourSlots(2);
    const log: string[] = [];
    const works = ['a', 'b', 'c', 'd'].map((name) => work(log, name));
    const running = works.map(({ run }) => slots(open, run));
    await settle();
    expect(log).toEqual(['a', 'b']);
    works[1]?.end();
    await settle();
    expect(log).toEqual(['a', 'b', 'c']);
    for (const { end } of works) end();
    await Promise.all(running);
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are free again after a failure, and go to the next when the one that waited has given up', async () => {
    const slots = createHourSlots(1);
    const log: string[] = [];
    const first = work(log, 'first');
    const giving = new AbortController();
    const running = slots(open, async () => {
      await first.run();
      throw new Error('failed');
    });
    const given = slots(giving.signal, work(log, 'given up').run);
    const last = slots(open, () => Promise.resolve(log.push('last')));
    giving.abort(new Error('stopped'));
    await expect(given).rejects.toThrow('stopped');
    first.end();
    await expect(running).rejects.toThrow('failed');
    await last;
    expect(log).toEqual(['first', 'last']);
    await expect(slots(giving.signal, () => Promise.resolve())).rejects.toThrow('stopped');
  });
});
