import { AnswerMemory, type MemoryOutcome } from './answer-memory';

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
    memory.answer(
      question,
      async () => answer,
      () => isKept,
    );
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
    const failing = memory.answer(
      'b',
      () => Promise.reject(new Error('away')),
      () => true,
    );
    await expect(failing).rejects.toThrow('away');
    await expect(ask('b', 2)).resolves.toBe(2);
    expect(outcomes).toEqual(['read', 'read', 'read', 'read']);
  });

  it('lets those who ask the same at once wait for one answer, and ask for themselves when it fails', async () => {
    const { memory, outcomes } = memoryOf(10_000);
    let reads = 0;
    const read = async (): Promise<number> => {
      reads += 1;
      if (reads === 1) throw new Error('the first has gone');
      return reads;
    };
    const both = [1, 2].map(() => memory.answer('a', read, () => true));
    await expect(both[0]).rejects.toThrow('gone');
    await expect(both[1]).resolves.toBe(2);
    const three = [1, 2, 3].map(() => memory.answer('b', read, () => true));
    await expect(Promise.all(three)).resolves.toEqual([3, 3, 3]);
    expect(outcomes).toEqual(['read', 'read', 'read', 'shared', 'shared']);
  });
});
