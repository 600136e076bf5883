import { Registry } from '@cloudtuner/service-kit';
import { createSummaryMetrics } from './summary-metrics';

describe('accounts whose summaries fail', () => {
  it('are counted once, until one run of theirs is good or an hour has passed without one', async () => {
    const registry = new Registry();
    const clock = { nowMs: 0 };
    const metrics = createSummaryMetrics([registry], () => clock.nowMs);
    const failing = async (): Promise<string | undefined> =>
      /^kubecost_worker_summary_failing_accounts (\d+)$/m.exec(await registry.metrics())?.[1];
    expect(await failing()).toBe('0');
    metrics.account('one', true);
    metrics.account('one', true);
    metrics.account('two', true);
    expect(await failing()).toBe('2');
    metrics.account('two', false);
    expect(await failing()).toBe('1');
    clock.nowMs = 3_599_999;
    expect(await failing()).toBe('1');
    clock.nowMs = 3_600_000;
    expect(await failing()).toBe('0');
  });
});

describe('months that are open after their closing day', () => {
  it('are counted by state, until they are closed or nobody has looked at them for an hour', async () => {
    const registry = new Registry();
    const clock = { nowMs: 0 };
    const metrics = createSummaryMetrics([registry], () => clock.nowMs);
    const open = async (): Promise<string[]> =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith('kubecost_worker_summary_open_months{'));
    const lines = (waiting: number, late: number): string[] =>
      Object.entries({ waiting, late }).map(
        ([state, count]) => `kubecost_worker_summary_open_months{state="${state}"} ${String(count)}`,
      );
    expect(await open()).toEqual(lines(0, 0));
    metrics.openMonths('one', { waiting: 1, late: 2 });
    metrics.openMonths('two', { waiting: 1, late: 0 });
    expect(await open()).toEqual(lines(2, 2));
    metrics.openMonths('one', { waiting: 0, late: 1 });
    expect(await open()).toEqual(lines(1, 1));
    metrics.openMonths('two', { waiting: 0, late: 0 });
    expect(await open()).toEqual(lines(0, 1));
    clock.nowMs = 3_599_999;
    expect(await open()).toEqual(lines(0, 1));
    clock.nowMs = 3_600_000;
    expect(await open()).toEqual(lines(0, 0));
  });
});
