import { Registry } from '@cloudtuner/service-kit';
import { AccountMetrics } from './account-metrics';

describe('AccountMetrics', () => {
  const setUp = () => {
    const clock = { nowMs: 0 };
    const registry = new Registry();
    const metrics = new AccountMetrics(registry, { idleMs: 3_600_000, now: () => clock.nowMs });
    const children = async () => (await registry.metrics()).split('\n').filter((line) => line.includes('{'));
    return { clock, metrics, children };
  };

  it('counts accepted samples by account, and discarded ones by account and reason', async () => {
    const { metrics, children } = setUp();
    metrics.accepted('a', 5);
    metrics.accepted('a', 2);
    metrics.discarded('a', 'label-name-empty', 3);
    expect(await children()).toEqual([
      'diproxy_accepted_samples_total{account="a"} 7',
      'diproxy_discarded_samples_total{account="a",reason="label_name_empty"} 3',
    ]);
  });

  it('forgets an account that was idle for an hour, with all its reasons, and keeps the others', async () => {
    const { clock, metrics, children } = setUp();
    metrics.accepted('idle', 1);
    metrics.discarded('idle', 'label-name-empty', 1);
    metrics.discarded('idle', 'too-many-labels', 1);
    metrics.discarded('refused', 'too-many-labels', 1);
    clock.nowMs = 1;
    metrics.discarded('busy', 'too-many-labels', 1);
    clock.nowMs = 3_599_999;
    metrics.evictIdle();
    expect(await children()).toHaveLength(5);
    clock.nowMs = 3_600_000;
    metrics.evictIdle();
    expect(await children()).toEqual(['diproxy_discarded_samples_total{account="busy",reason="too_many_labels"} 1']);
  });

  it('counts an account that comes back from zero', async () => {
    const { clock, metrics, children } = setUp();
    metrics.accepted('a', 5);
    clock.nowMs = 3_600_000;
    metrics.evictIdle();
    metrics.accepted('a', 2);
    expect(await children()).toEqual(['diproxy_accepted_samples_total{account="a"} 2']);
  });
});
