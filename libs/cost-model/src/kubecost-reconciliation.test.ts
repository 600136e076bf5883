import {
  emptyAllocation,
  reconcileKubecostHour,
  type AllocationFact,
  type KubecostHour,
  type KubecostRow,
} from './index';

const row = (namespace: string, costs: KubecostRow['costs']): KubecostRow => ({
  clusterId: 'c',
  namespace,
  pod: 'web',
  container: 'web',
  node: 'n',
  minutes: 60,
  costs,
  quantities: {},
});
const hourOf = (...rows: KubecostRow[]): KubecostHour => ({ startMs: 0, window: 'closed', scrapedAtMs: 1, rows });
const fact = (namespace: string, fields: Partial<AllocationFact>): AllocationFact => ({
  ...emptyAllocation,
  kind: 'container',
  total_cost: '0.000000000',
  namespace,
  ...fields,
});

describe('reconcileKubecostHour', () => {
  it('sums each namespace and resource on both sides, and tells the difference', () => {
    const { costs, consistency } = reconcileKubecostHour(
      hourOf(row('shop', { cpu: 3_000_000_000n, ram: 500_000_000n }), row('shop', { cpu: 1_000_000_000n })),
      [
        fact('shop', { cpu_cost: '2.500000000', ram_cost: '0.500000000' }),
        fact('shop', { cpu_cost: '1.300000000', ram_cost: '0.000000000' }),
      ],
    );
    expect(costs).toEqual([
      { namespace: 'shop', resource: 'cpu', ours: 3_800_000_000n, theirs: 4_000_000_000n, difference: -200_000_000n },
      { namespace: 'shop', resource: 'ram', ours: 500_000_000n, theirs: 500_000_000n, difference: 0n },
    ]);
    // 0.2 apart of 4 + 0.5.
    expect(consistency).toBeCloseTo(1 - 0.2 / 4.5, 12);
  });

  it('counts in full what only one of the two has', () => {
    const { costs, consistency } = reconcileKubecostHour(hourOf(row('theirs', { cpu: 1_000_000_000n })), [
      fact('ours', { gpu_cost: '3.000000000' }),
    ]);
    expect(costs.map(({ namespace, difference }) => [namespace, difference])).toEqual([
      ['ours', 3_000_000_000n],
      ['theirs', -1_000_000_000n],
    ]);
    expect(consistency).toBe(0);
  });

  it('lists a cost that we do not know and leaves it out of the ratio', () => {
    const { costs, consistency } = reconcileKubecostHour(
      hourOf(row('shop', { cpu: 1_000_000_000n, pv: 2_000_000_000n })),
      [fact('shop', { cpu_cost: '1.000000000', pv_cost: null })],
    );
    expect(costs.map(({ resource, ours, difference }) => [resource, ours, difference])).toEqual([
      ['cpu', 1_000_000_000n, 0n],
      ['pv', null, null],
    ]);
    expect(consistency).toBe(1);
  });

  it('leaves idle out, and holds volumes that nobody mounts against Kubecost’s', () => {
    const { costs } = reconcileKubecostHour(hourOf(row('__unmounted__', { pv: 10n })), [
      fact('', { kind: 'idle', cpu_cost: '5.000000000' }),
      fact('', { kind: 'unattributed', asset_type: 'disk', pv_cost: '0.000000010' }),
    ]);
    expect(costs).toEqual([{ namespace: '__unmounted__', resource: 'pv', ours: 10n, theirs: 10n, difference: 0n }]);
  });

  it('has no ratio when there is nothing to compare', () => {
    expect(reconcileKubecostHour(hourOf(), [])).toEqual({ costs: [], consistency: null });
  });
});
