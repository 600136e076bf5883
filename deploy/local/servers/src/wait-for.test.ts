import { waitFor } from './wait-for';

describe('waitFor', () => {
  it('answers the first truthy value, taking a throw as "not yet"', async () => {
    let calls = 0;
    const value = await waitFor(
      () => {
        calls += 1;
        if (calls === 1) throw new Error('not there');
        return calls === 3 ? { rows: 7 } : undefined;
      },
      { intervalMs: 1 },
    );
    expect(value).toEqual({ rows: 7 });
    expect(calls).toBe(3);
  });

  it.each([
    ['the last value', () => 0, 'Waited 5 ms for three rows; the last value was 0'],
    ['that nothing came', () => undefined, 'Waited 5 ms for three rows; the last value was undefined'],
    [
      'the last error',
      () => Promise.reject(new Error('refused')),
      'Waited 5 ms for three rows; the last try failed: refused',
    ],
  ])('tells %s when the time is over', async (_what, condition, message) => {
    await expect(waitFor(condition, { what: 'three rows', timeoutMs: 5, intervalMs: 1 })).rejects.toThrow(message);
  });

  it('ends early when its signal is aborted', async () => {
    const abort = new AbortController();
    const waiting = waitFor(() => false, { signal: abort.signal, intervalMs: 1 });
    abort.abort(new Error('the server died'));
    await expect(waiting).rejects.toThrow('the server died');
  });
});
