import { AnswerMemory, type MemoryOutcome } from './answer-memory';

/** Of somebody who waits for the answer. */
const stays = new AbortController().signal;

function memoryOf(maxBytes: number) {
  const outcomes: MemoryOutcome[] = [];
  const clock = { nowMs: 0 };
  const memory = new AnswerMemory({
    maxBytes,
    maxAgeMs: 60_000,
    now: () => clock.nowMs,
    observe: (outcome) => outcomes.push(outcome),
  });
  const ask = (question: string, answer: unknown = question, isKept = true): Promise<unknown> =>
    memory.answer(question, { signal: stays, read: async () => answer, isKept: () => isKept });
  return { memory, clock, outcomes, ask };
}

/** A text that takes about so many bytes. */
const text = (bytes: number): string => 'x'.repeat(bytes);

describe('the memory of answers', () => {
  it('gives what was answered to the same question, and to no other', async () => {
    const { ask, outcomes } = memoryOf(10_000);
    await ask('a', 1);
    await expect(ask('a', 2)).resolves.toBe(1);
    await expect(ask('b', 3)).resolves.toBe(3);
    expect(outcomes).toEqual(['read', 'remembered', 'read']);
  });

  it('forgets what was not asked for the longest when it is full', async () => {
    const { ask, outcomes } = memoryOf(10_000);
    for (const question of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) await ask(question, text(1_000));
    await ask('a');
    // Ten of a thousand bytes and a little are too many: b goes, a was just asked for.
    await ask('j', text(1_000));
    outcomes.length = 0;
    await ask('a');
    await ask('b');
    expect(outcomes).toEqual(['remembered', 'read']);
  });

  it('reads again what is older than it may be', async () => {
    const { ask, clock } = memoryOf(10_000);
    await ask('a', 1);
    clock.nowMs = 60_000;
    await expect(ask('a', 2)).resolves.toBe(1);
    clock.nowMs = 60_001;
    await expect(ask('a', 3)).resolves.toBe(3);
    clock.nowMs = 120_001;
    await expect(ask('a', 4)).resolves.toBe(3);
  });

  it('keeps no answer that would take more than an eighth of it', async () => {
    const { ask, outcomes } = memoryOf(8_000);
    await ask('a', text(1_100));
    // A thousand rows, of which some are measured.
    await ask(
      'b',
      Array.from({ length: 1_000 }, (_, index) => `row ${String(index)}`),
    );
    await ask('a');
    await ask('b');
    expect(outcomes).toEqual(['read', 'read', 'read', 'read']);
  });

  it('keeps nothing that its reader does not want kept, nor a failure', async () => {
    const { memory, ask, outcomes } = memoryOf(10_000);
    await ask('a', null, false);
    await ask('a', 1);
    const failing = memory.answer('b', {
      signal: stays,
      read: () => Promise.reject(new Error('away')),
      isKept: () => true,
    });
    await expect(failing).rejects.toThrow('away');
    await expect(ask('b', 2)).resolves.toBe(2);
    expect(outcomes).toEqual(['read', 'read', 'read', 'read']);
  });

  it('lets those who ask the same at once wait for one answer, or for one failure', async () => {
    const { memory, outcomes } = memoryOf(10_000);
    let reads = 0;
    const ask = (question: string) => (): Promise<number> =>
      memory.answer(question, {
        signal: stays,
        read: async () => {
          reads += 1;
          if (question === 'down') throw new Error('the store is down');
          return reads;
        },
        isKept: () => true,
      });
    await expect(Promise.all([1, 2, 3].map(ask('a')))).resolves.toEqual([1, 1, 1]);
    expect(outcomes).toEqual(['read', 'shared', 'shared']);
    const failures = await Promise.allSettled([1, 2, 3].map(ask('down')));
    expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(reads).toBe(2);
  });

  it('lets one of them read when the first has gone, and the others wait for that one', async () => {
    const { memory, outcomes } = memoryOf(10_000);
    const first = new AbortController();
    let reads = 0;
    const ask = (signal: AbortSignal): Promise<number> =>
      memory.answer('a', {
        signal,
        read: async () => {
          reads += 1;
          const mine = reads;
          await Promise.resolve();
          if (signal.aborted) throw new Error('gone');
          return mine;
        },
        isKept: () => true,
      });
    const asked = [first.signal, stays, stays, stays].map(ask);
    first.abort();
    await expect(asked[0]).rejects.toThrow('gone');
    await expect(Promise.all(asked.slice(1))).resolves.toEqual([2, 2, 2]);
    expect(outcomes).toEqual(['read', 'read', 'shared', 'shared']);
  });
});
