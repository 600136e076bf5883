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
