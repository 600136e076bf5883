import { createRateLimit } from './rate-limit';

describe('createRateLimit', () => {
  it('lets a burst through at once and spaces the others evenly', async () => {
    const waitsMs: number[] = [];
    let nowMs = 0;
    const limit = createRateLimit({
      perMinute: 60,
      burst: 2,
      nowMs: () => nowMs,
      sleep: async (ms) => {
        waitsMs.push(ms);
      },
    });

    for (let call = 0; call < 4; call += 1) await limit.take();
    // 60 a minute are 1 s apart: two at once, the third after 1 s, the fourth after 2 s.
    expect(waitsMs).toEqual([1000, 2000]);

    nowMs = 10_000;
    await limit.take();
    await limit.take();
    expect(waitsMs).toHaveLength(2);
  });

  it('gets the turns back of those that do not wait for them', async () => {
    const waitsMs: number[] = [];
    const limit = createRateLimit({
      perMinute: 60,
      burst: 1,
      nowMs: () => 0,
      sleep: (ms, signal) => {
        waitsMs.push(ms);
        return signal?.aborted === true ? Promise.reject(new Error('left')) : Promise.resolve();
      },
    });
    await limit.take();
    const signal = AbortSignal.abort();
    for (let call = 0; call < 100; call += 1) await expect(limit.take({ signal })).rejects.toThrow('left');
    await limit.take();
    // One call was made: whoever comes next waits for one second, not for a hundred.
    expect(waitsMs).toEqual(Array.from({ length: 101 }, () => 1000));
  });

  it('refuses at once a turn that comes too late, and does not keep it', async () => {
    const waitsMs: number[] = [];
    const limit = createRateLimit({
      perMinute: 60,
      burst: 1,
      nowMs: () => 5_000,
      sleep: (ms) => Promise.resolve(void waitsMs.push(ms)),
    });
    await limit.take({ deadlineMs: 5_000 });
    await expect(limit.take({ deadlineMs: 5_999 })).rejects.toMatchObject({ code: 'kubecost-busy' });
    await limit.take({ deadlineMs: 6_000 });
    expect(waitsMs).toEqual([1000]);
  });
});
