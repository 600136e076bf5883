import { createHealth } from './index';

describe('createHealth', () => {
  it('is ready only when it accepts and every check passes', async () => {
    const health = createHealth();
    let storeIsUp = true;
    health.addCheck('store', () => (storeIsUp ? Promise.resolve() : Promise.reject(new Error('down'))));

    expect(await health.readiness()).toEqual({ ready: false, checks: { store: 'ok' } });
    health.setAccepting(true);
    expect(await health.readiness()).toEqual({ ready: true, checks: { store: 'ok' } });
    storeIsUp = false;
    expect(await health.readiness()).toEqual({ ready: false, checks: { store: 'failed' } });
    storeIsUp = true;
    expect((await health.readiness()).ready).toBe(true);
  });

  it('counts a check that hangs as failed and asks it once for all probes that wait', async () => {
    const health = createHealth({ timeoutMs: 20 });
    let asked = 0;
    health.addCheck('hanging', () => {
      asked += 1;
      return new Promise(() => undefined);
    });
    health.setAccepting(true);

    const answers = await Promise.all([health.readiness(), health.readiness(), health.readiness()]);

    expect(answers.map((answer) => answer.ready)).toEqual([false, false, false]);
    expect(asked).toBe(1);
  });
});
