import { createQuerySlots } from './query-slots';

const never = new AbortController().signal;

function gate(): { readonly passed: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}

describe('query slots', () => {
  it('let so many run at once and start the others in the order they came', async () => {
    const slots = createQuerySlots({ concurrency: 2, maxWaiting: 10 });
    const gates = [gate(), gate(), gate(), gate()];
    const started: number[] = [];
    const runs = gates.map(({ passed }, index) =>
      slots.run(never, () => {
        started.push(index);
        return passed;
      }),
    );
    await Promise.resolve();
    expect([started, slots.waiting]).toEqual([[0, 1], 2]);
    gates[1]?.open();
    await runs[1];
    await Promise.resolve();
    expect([started, slots.waiting]).toEqual([[0, 1, 2], 1]);
    for (const { open } of gates) open();
    await Promise.all(runs);
    expect([started, slots.waiting]).toEqual([[0, 1, 2, 3], 0]);
  });

  it('give a slot back when its query fails', async () => {
    const slots = createQuerySlots({ concurrency: 1, maxWaiting: 1 });
    await expect(slots.run(never, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(slots.run(never, () => Promise.resolve('well'))).resolves.toBe('well');
  });

  it('refuse what their queue does not hold', async () => {
    const slots = createQuerySlots({ concurrency: 1, maxWaiting: 0 });
    const { passed, open } = gate();
    const first = slots.run(never, () => passed);
    await expect(slots.run(never, () => Promise.resolve())).rejects.toMatchObject({ code: 'overloaded' });
    open();
    await first;
  });

  it('refuse one who has waited too long, and nobody else', async () => {
    jest.useFakeTimers();
    try {
      const slots = createQuerySlots({ concurrency: 1, maxWaiting: 10, maxWaitMs: 10_000 });
      const { passed, open } = gate();
      const first = slots.run(never, () => passed);
      const second = slots.run(never, () => Promise.resolve('second'));
      jest.advanceTimersByTime(9_000);
      const third = slots.run(never, () => Promise.resolve('third'));
      jest.advanceTimersByTime(1_000);
      await expect(second).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 5_000 });
      expect(slots.waiting).toBe(1);
      open();
      await first;
      await expect(third).resolves.toBe('third');
    } finally {
      jest.useRealTimers();
    }
  });

  it('let go of one who no longer waits, and give its turn to the next', async () => {
    const slots = createQuerySlots({ concurrency: 1, maxWaiting: 10 });
    const { passed, open } = gate();
    const first = slots.run(never, () => passed);
    const impatient = new AbortController();
    let ran = false;
    const second = slots.run(impatient.signal, async () => {
      ran = true;
    });
    const third = slots.run(never, () => Promise.resolve('third'));
    impatient.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    open();
    await first;
    await expect(third).resolves.toBe('third');
    expect(ran).toBe(false);
    await expect(slots.run(impatient.signal, () => Promise.resolve())).rejects.toThrow('enough');
  });
});
