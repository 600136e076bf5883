import { QuerySlots } from './query-slots';

const limits = { running: 2, waiting: 1, waitMs: 60_000 };

describe('QuerySlots', () => {
  it('lets the queries above its limit wait, and the first that waits run when a place becomes free', async () => {
    const slots = new QuerySlots(limits);
    const release = await slots.acquire();
    await slots.acquire();
    let admitted = false;
    const third = slots.acquire().then((done) => {
      admitted = true;
      return done;
    });
    await Promise.resolve();
    expect({ admitted, running: slots.running }).toEqual({ admitted: false, running: 2 });
    release();
    const releaseThird = await third;
    expect({ admitted, running: slots.running }).toEqual({ admitted: true, running: 2 });
    releaseThird();
    expect(slots.running).toBe(1);
  });

  it('refuses with code 202 when too many wait, and when the wait is too long', async () => {
    const slots = new QuerySlots({ ...limits, waitMs: 5 });
    await slots.acquire();
    await slots.acquire();
    const waiting = slots.acquire();
    await expect(slots.acquire()).rejects.toMatchObject({ code: 202 });
    await expect(waiting).rejects.toMatchObject({ code: 202 });
  });

  it('counts a place once however often it is given back', async () => {
    const slots = new QuerySlots(limits);
    const release = await slots.acquire();
    await slots.acquire();
    release();
    release();
    expect(slots.running).toBe(1);
  });
});
