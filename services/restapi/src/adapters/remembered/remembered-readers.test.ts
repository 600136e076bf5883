import type { AllocationsReader, ReadContext } from '../../ports';
import { AnswerMemory } from './answer-memory';
import { rememberedReaders, type StoredReaders } from './remembered-readers';

const window = { startMs: 0, endMs: 3_600_000 };
const options = { hoursFromMs: 0, includePeriods: true };
const what = { days: [], group: { columns: [], labelKeys: [] }, steps: [window] };

/** A request: what it asks belongs together. */
const request = (): ReadContext => ({ route: 'test', signal: new AbortController().signal });

/** Readers over a store that counts what it is asked; its data change when the test says so. */
function storeOf() {
  const counts = { days: 0, sums: 0, stamps: 0 };
  const state = { stamp: 'one', sums: [] as [] | null };
  const allocations: AllocationsReader = {
    readDays: async () => {
      counts.days += 1;
      return [];
    },
    readSums: async () => {
      counts.sums += 1;
      return state.sums;
    },
    readPage: async () => null,
  };
  const others: Omit<StoredReaders, 'allocations'> = {
    facts: { readHours: async () => [], readExpenses: async () => new Map(), lastSampleMs: async () => null },
    assets: { readAssets: async () => [] },
    workloads: { readDays: async () => [] },
  };
  const stamps = {
    of: async () => {
      counts.stamps += 1;
      return state.stamp;
    },
  };
  const memory = new AnswerMemory({ maxBytes: 100_000, maxAgeMs: 60_000, now: () => 0, observe: () => undefined });
  const readers = rememberedReaders({ ...others, allocations }, { memory, stamps });
  return { counts, state, readers: readers.allocations };
}

describe('remembered readers', () => {
  it('ask the store once for what several requests ask, and once a request whether it has changed', async () => {
    const { readers, counts } = storeOf();
    for (const context of [request(), request()]) {
      await readers.readDays('a', window, options, context);
      await readers.readSums('a', what, context);
    }
    expect(counts).toEqual({ days: 1, sums: 1, stamps: 2 });
  });

  it('ask again when the data have changed', async () => {
    const { readers, counts, state } = storeOf();
    await readers.readDays('a', window, options, request());
    state.stamp = 'two';
    await readers.readDays('a', window, options, request());
    expect(counts.days).toBe(2);
  });

  it('never give one account what was read of another, nor the answer to another question', async () => {
    const { readers, counts } = storeOf();
    await readers.readDays('a', window, options, request());
    await readers.readDays('b', window, options, request());
    await readers.readDays('a', { ...window, endMs: 7_200_000 }, options, request());
    expect(counts.days).toBe(3);
  });

  it('look again when one request asks the same twice, because a version has gone', async () => {
    const { readers, counts, state } = storeOf();
    const context = request();
    await readers.readDays('a', window, options, context);
    state.stamp = 'two';
    state.sums = null;
    await readers.readSums('a', what, context);
    state.sums = [];
    await readers.readDays('a', window, { ...options, includePeriods: false }, context);
    await expect(readers.readSums('a', what, context)).resolves.toEqual([]);
    expect(counts).toEqual({ days: 2, sums: 2, stamps: 2 });
  });

  it('tell days with periods from days without them', async () => {
    const { readers, counts } = storeOf();
    await readers.readDays('a', window, options, request());
    await readers.readDays('a', window, { ...options, includePeriods: false }, request());
    expect(counts.days).toBe(2);
  });

  it('keep no reading that found a version gone', async () => {
    const { readers, state } = storeOf();
    state.sums = null;
    await expect(readers.readSums('a', what, request())).resolves.toBeNull();
    state.sums = [];
    await expect(readers.readSums('a', what, request())).resolves.toEqual([]);
  });
});
