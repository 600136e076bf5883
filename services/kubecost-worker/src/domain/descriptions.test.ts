import { emptyAllocation, type AllocationFact } from '@cloudtuner/cost-model';
import { sampleHour } from '../testing/sample-hours';
import { observedIn, type DescribedHour } from './descriptions';

const row = (labels: Record<string, string>, more: Partial<AllocationFact> = {}): AllocationFact => ({
  ...emptyAllocation,
  ...{ kind: 'container', total_cost: '0.000000000', namespace: 'shop' },
  ...{ controller_kind: 'deployment', controller: 'web', labels, ...more },
});
const nothing = { info: null, nodes: [], namespaces: [] };
const only = (hour: Partial<DescribedHour>, kind: string) =>
  observedIn({ descriptions: nothing, assets: [], allocations: [], ...hour }).filter((one) => one.kind === kind);

describe('what an hour says of a cluster', () => {
  it('has its nodes with what they are, and null for what nobody says', () => {
    const labels = { topology_kubernetes_io_zone: 'eu-west-1a', pool: 'general' };
    const nodes = [{ node: 'node-0', labels }];
    const { assets } = sampleHour(0, 1);
    const [first, second, ...others] = only({ assets, descriptions: { ...nothing, nodes } }, 'node');
    const facts = { instance_type: 'm6i.xlarge', region: 'eu-west-1', arch: null, spot: null };
    expect(first).toEqual({
      ...{ kind: 'node', name: 'node-0' },
      facts: { ...facts, provider_id: 'aws:///eu-west-1a/i-0', zone: 'eu-west-1a', labels },
    });
    expect(second?.facts).toMatchObject({ zone: null, labels: null });
    expect(others).toHaveLength(1);
  });

  it('tells a spot node from one that is none', () => {
    const [node] = sampleHour(0, 1).assets.filter(({ asset_type }) => asset_type === 'node');
    if (node === undefined) throw new Error('no node');
    const spotOf = (spot: string) =>
      only({ assets: [{ ...node, properties: { spot } }] }, 'node').map(({ facts }) => facts['spot']);
    expect(['true', 'false', ''].flatMap(spotOf)).toEqual([true, false, null]);
  });

  it('has workloads with the labels of all their pods: not of a node, nor of one rollout', () => {
    const allocations = [
      row({ team: 'checkout', pool: 'a', pod_template_hash: '1', shard: '0' }),
      row({ team: 'checkout', pool: 'a', pod_template_hash: '1', shard: '1' }),
      row({}, { controller: '' }),
      row({}, { kind: 'idle', controller: 'idle' }),
    ];
    const nodes = [{ node: 'n', labels: { pool: 'a' } }];
    expect(only({ allocations, descriptions: { ...nothing, nodes } }, 'workload')).toEqual([
      {
        ...{ kind: 'workload', name: 'shop/deployment/web' },
        facts: { namespace: 'shop', controller_kind: 'deployment', controller: 'web', labels: { team: 'checkout' } },
      },
    ]);
  });

  it('leaves annotations out that are too large to be kept', () => {
    const namespaces = [{ namespace: 'a', labels: { b: 'c' }, annotations: { large: 'x'.repeat(70_000) }, quotas: [] }];
    const [large] = only({ descriptions: { ...nothing, namespaces } }, 'namespace');
    expect(large?.facts).toEqual({ labels: { b: 'c' }, annotations: null, quotas: [], too_large: true });
  });

  it('says nothing of the cluster itself when its exporter does not', () => {
    expect(only({}, 'info')).toEqual([]);
    expect(only({ descriptions: { ...nothing, info: { provider: 'AWS' } } }, 'info')).toEqual([
      { kind: 'info', name: '', facts: { provider: 'AWS' } },
    ]);
  });
});
