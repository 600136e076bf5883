import { createClusterCheck } from './one-cluster';

const of = (cluster: string | null) => ({ properties: { cluster } });
const unexpected = expect.objectContaining({ code: 'kubecost-answer-unexpected' }) as Error;

describe('rows of a Kubecost that knows several clusters', () => {
  it('are those of the cluster that was named', () => {
    const isOurs = createClusterCheck('a', 'containers');
    expect([of('b'), of('a'), of(null), { properties: null }].map(isOurs)).toEqual([false, true, false, false]);
  });

  it('are refused when nobody has named one, whichever comes first', () => {
    for (const [first, second] of [
      ['a', 'b'],
      [null, 'a'],
    ] as const) {
      const isOurs = createClusterCheck(null, 'containers');
      expect([isOurs(of(first)), isOurs(of(first))]).toEqual([true, true]);
      expect(() => isOurs(of(second))).toThrow(unexpected);
    }
  });

  it.each(['a', null])('are refused when they are sums that name none (%s)', (clusterId) => {
    const isOurs = createClusterCheck(clusterId, 'groups');
    expect(isOurs(of('a'))).toBe(true);
    expect(() => isOurs(of(null))).toThrow(unexpected);
  });

  it('are no reason to leave out the bill of a cloud, which names no cluster', () => {
    expect(createClusterCheck('a', 'assets')({ properties: null })).toBe(true);
  });
});
