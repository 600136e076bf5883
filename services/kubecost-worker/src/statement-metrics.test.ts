import { createRegistry } from '@cloudtuner/service-kit';
import { createStatementMetrics } from './statement-metrics';

const counts = { stored: 1, confirmed: 0, known: 0, incomplete: 0 };
const hourMs = 3_600_000;

function setUp() {
  const registry = createRegistry('test');
  const clock = { nowMs: 10 * hourMs };
  const metrics = createStatementMetrics([registry], () => clock.nowMs);
  const lines = async (): Promise<string[]> =>
    (await registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith('kubecost_worker_kubecost_consistency_ratio{'))
      .map((line) => line.replace(/.*cloud_account_id="([^"]+)".* (\S+)$/, '$1 $2'));
  return { registry, clock, metrics, lines };
}

describe('the metric of consistency', () => {
  it('is that of the latest hour, whatever is said again of earlier ones', async () => {
    const { metrics, lines } = setUp();
    metrics.statements('a', { ...counts, latest: { hour: 7_200, consistency: 0.98 } });
    metrics.statements('a', { ...counts, latest: { hour: 3_600, consistency: 0.5 } });
    metrics.statements('b', { ...counts, latest: { hour: 3_600, consistency: null } });
    expect(await lines()).toEqual(['a 0.98']);
  });

  it('ends two hours after the account was last told of', async () => {
    const { clock, metrics, lines } = setUp();
    metrics.statements('a', { ...counts, latest: { hour: 7_200, consistency: 1 } });
    clock.nowMs += 2 * hourMs + 1;
    expect(await lines()).toEqual([]);
  });

  it('is kept of 1,000 accounts at most', async () => {
    const { metrics, lines } = setUp();
    for (let account = 0; account < 1_002; account += 1)
      metrics.statements(`a${String(account)}`, { ...counts, latest: { hour: 3_600, consistency: 1 } });
    const kept = await lines();
    expect([kept.length, kept[0]]).toEqual([1_000, 'a2 1']);
  });
});
