import type { Series } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { MetricsStore, PodReader } from '../ports';
import { readAllocations, type AllocationContext } from './read-allocations';

const startMs = Date.parse('2024-10-16T10:00:00Z');
const window = { startMs, endMs: startMs + 3_600_000 };
const minutes = Array.from({ length: 61 }, (_, minute) => startMs + minute * 60_000);
const steady = (labels: Series['labels'], value: number): Series => ({
  labels,
  timestampsMs: minutes,
  values: minutes.map(() => value),
});
const podSeries = (pod: string): Series[] => [
  steady({ __name__: 'kube_pod_container_status_running', namespace: 'a', pod, container: 'main' }, 1),
  steady({ __name__: 'container_cpu_allocation', namespace: 'a', pod, container: 'main', node: 'n1' }, 1),
];

interface Asked {
  readonly parts: (readonly string[])[];
  /** How many parts were too large. */
  readonly refused: () => number;
  readonly store: MetricsStore;
}

/** A store of some pods that fit into an answer as long as they are no more than `most`. */
function storeOf(count: number, most: number): Asked {
  const parts: (readonly string[])[] = [];
  let refused = 0;
  const reader: PodReader = {
    names: Array.from({ length: count }, (_, index) => `pod-${String(index).padStart(3, '0')}`),
    series: (names) => {
      if (names.length > most) {
        refused += 1;
        return Promise.reject(new AppError('metrics-query-too-large', 'Too large.'));
      }
      parts.push(names);
      return Promise.resolve(new Map(names.map((name) => [name, podSeries(name)])));
    },
    strays: () => Promise.resolve([]),
  };
  const store: Partial<MetricsStore> = {
    clusterSeries: () => Promise.resolve([]),
    pods: () => Promise.resolve(reader),
  };
  return { parts, refused: () => refused, store: store as MetricsStore };
}

const contextOf = (store: MetricsStore, more: Partial<AllocationContext> = {}): AllocationContext => ({
  store,
  prices: undefined,
  nowMs: () => window.endMs + 600_000,
  signal: new AbortController().signal,
  podsPerPart: 8,
  turn: (_signal, work) => work(),
  onAllocated: () => undefined,
  ...more,
});

describe('readAllocations', () => {
  it('reads every pod once, in parts', async () => {
    const { parts, store } = storeOf(20, 100);
    const { allocations } = await readAllocations('t', window, contextOf(store));
    expect(parts.map(({ length }) => length)).toEqual([8, 8, 4]);
    expect(allocations.map(({ pod }) => pod)).toEqual([...new Set(parts.flat())].sort());
  });

  it('halves a part that does not fit into an answer, and asks for no larger ones after it', async () => {
    const { parts, refused, store } = storeOf(40, 3);
    const { allocations } = await readAllocations('t', window, contextOf(store));
    expect(parts.every(({ length }) => length <= 3)).toBe(true);
    expect(allocations).toHaveLength(40);
    expect(new Set(parts.flat()).size).toBe(40);
    // Of the two parts that were begun at once the eight and both fours are too large; those after them begin at two.
    expect(refused()).toBe(6);
  });

  it('refuses an hour of which one pod alone is too large', async () => {
    const { store } = storeOf(3, 0);
    await expect(readAllocations('t', window, contextOf(store))).rejects.toMatchObject({
      code: 'metrics-query-too-large',
    });
  });

  it('lets others have their turn while it computes', async () => {
    const { store } = storeOf(200, 1_000);
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await readAllocations('t', window, contextOf(store, { podsPerPart: 200 }));
    isDone = true;
    // After every 25 pods, and between the steps of dividing.
    expect(turns).toBeGreaterThanOrEqual(200 / 25 + 2);
  });

  it('stops in the middle of a part when the caller has gone', async () => {
    const caller = new AbortController();
    const { store, parts } = storeOf(200, 1_000);
    const reading = readAllocations('t', window, contextOf(store, { podsPerPart: 100, signal: caller.signal }));
    setImmediate(() => caller.abort(new Error('gone')));
    await expect(reading).rejects.toThrow('gone');
    expect(parts.length).toBeLessThanOrEqual(2);
  });

  it('asks nothing about an hour that has not begun', async () => {
    const { store, parts } = storeOf(1, 1);
    const hour = await readAllocations('t', window, contextOf(store, { nowMs: () => startMs - 1 }));
    expect(hour).toMatchObject({ allocations: [], assets: [], measuredSeconds: 0, expectedSeconds: 0 });
    expect(parts).toEqual([]);
  });
});
