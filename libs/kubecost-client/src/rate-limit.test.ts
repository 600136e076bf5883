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
});
