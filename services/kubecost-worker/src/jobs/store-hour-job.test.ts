import type { StoreHourRequest } from '../usecases/store-hour';
import { sampleHour } from '../testing/sample-hours';
import { countedStoreHour, type StoreHourJobPorts } from './store-hour-job';

const hour = 1_772_341_200;
const stopped = new Error('stopped');

/** Ports of an hour that is stored; what is said of it afterwards is cut off by the signal. */
function portsOf(counted: string[], signal: AbortController): StoreHourJobPorts {
  const facts = { count: () => Promise.resolve(0), insert: () => Promise.resolve() };
  const lock = { signal: signal.signal, assertHeld: () => Promise.resolve() };
  // Only what storing an empty hour asks.
  const ports: object = {
    slots: (_signal: AbortSignal, work: () => Promise<unknown>) => work(),
    metrics: {
      hour: (_job: string, outcome: string) => counted.push(outcome),
      statements: () => undefined,
      statementsFailed: () => undefined,
      described: () => undefined,
    },
    ports: {
      reader: { readHour: () => Promise.resolve({ ...sampleHour(hour, 0), assets: [], allocations: [] }) },
      store: {
        findHour: () => Promise.resolve(null),
        putHour: () => Promise.resolve(),
        assets: facts,
        allocations: facts,
      },
      locks: {
        hold: (_account: string, _key: string, _signal: AbortSignal, work: (held: typeof lock) => unknown) =>
          work(lock),
      },
      now: () => 0,
      log: { info: () => undefined, warn: () => undefined },
    },
    get statements(): never {
      signal.abort(stopped);
      throw stopped;
    },
  };
  return ports as StoreHourJobPorts;
}

describe('an hour that a job stores', () => {
  it('is counted once when the worker stops after it was stored', async () => {
    const counted: string[] = [];
    const signal = new AbortController();
    const store = countedStoreHour('close_hour', portsOf(counted, signal));
    const request: StoreHourRequest = { cloudAccountId: 'a', hour, closed: true, signal: signal.signal };
    await expect(store(request)).rejects.toBe(stopped);
    expect(counted).toEqual(['stored']);
  });
});
