import { createWorkloadFinder, type Workload } from './workloads';

const known = (labels: Readonly<Record<string, string>>): { labels: typeof labels; value: number } => ({
  labels,
  value: 1,
});
const podOwner = (pod: string, kind: string, name: string) =>
  known({ namespace: 'shop', pod, owner_kind: kind, owner_name: name });

const workloadOf = createWorkloadFinder(
  [
    podOwner('web-7f-a', 'ReplicaSet', 'web-7f'),
    podOwner('canary-1-a', 'ReplicaSet', 'canary-1'),
    podOwner('lone-a', 'ReplicaSet', 'lone'),
    podOwner('unknown-a', 'ReplicaSet', 'unknown'),
    podOwner('db-0', 'StatefulSet', 'db'),
    podOwner('agent-x', 'DaemonSet', 'agent'),
    podOwner('nightly-28819200-x', 'Job', 'nightly-28819200'),
    podOwner('weekly-1729072800-x', 'Job', 'weekly-1729072800'),
    podOwner('import-x', 'Job', 'import'),
    podOwner('kube-proxy-n1', 'Node', 'n1'),
    podOwner('bare', '<none>', '<none>'),
    podOwner('empty', '', ''),
    known({
      namespace: 'kubecost',
      exported_namespace: 'shop',
      pod: 'ksm-0',
      exported_pod: 'renamed-0',
      owner_kind: 'StatefulSet',
      owner_name: 'renamed',
    }),
  ],
  [
    known({ namespace: 'shop', replicaset: 'web-7f', owner_kind: 'Deployment', owner_name: 'web' }),
    known({ namespace: 'shop', replicaset: 'canary-1', owner_kind: 'Rollout', owner_name: 'canary' }),
    known({ namespace: 'shop', replicaset: 'lone', owner_kind: '<none>', owner_name: '<none>' }),
    known({ namespace: 'other', replicaset: 'unknown', owner_kind: 'Deployment', owner_name: 'not-this-one' }),
  ],
);

const ownerOf = (pod: string): [Workload['controllerKind'], string] => {
  const { controllerKind, controller } = workloadOf({ namespace: 'shop', pod, container: 'app' });
  return [controllerKind, controller];
};

describe('the workload of a container', () => {
  it.each([
    ['web-7f-a', 'deployment', 'web'],
    ['canary-1-a', 'rollout', 'canary'],
    ['lone-a', 'replicaset', 'lone'],
    // Nothing is known of this ReplicaSet's owner; one of the same name elsewhere is another one.
    ['unknown-a', 'replicaset', 'unknown'],
    ['db-0', 'statefulset', 'db'],
    ['agent-x', 'daemonset', 'agent'],
    ['nightly-28819200-x', 'cronjob', 'nightly'],
    ['weekly-1729072800-x', 'cronjob', 'weekly'],
    ['import-x', 'job', 'import'],
    ['kube-proxy-n1', 'node', 'n1'],
    ['bare', 'pod', 'bare'],
    ['empty', 'pod', 'empty'],
    ['renamed-0', 'statefulset', 'renamed'],
    ['never-seen', null, 'never-seen'],
  ])('of pod %s is %s %s', (pod, kind, name) => {
    expect(ownerOf(pod)).toEqual([kind, name]);
  });

  it('is looked up by namespace and pod, under whatever labels the scrape left them', () => {
    const labels = { namespace: 'kubecost', exported_namespace: 'shop', exported_pod: 'db-0', container: 'app' };
    expect(workloadOf(labels)).toEqual({
      namespace: 'shop',
      controllerKind: 'statefulset',
      controller: 'db',
      container: 'app',
    });
  });
});
