import type { AllocationFact } from '../allocation-fact';
import type { Series } from '../series';
import { hour, nodeSeries, podSeries, rowOf, steady, type Labels } from '../testing/hour-series';
import { allocateHour } from './hour-allocator';

const rowWith = (labels: Labels, ...series: Series[]): AllocationFact =>
  rowOf(allocateHour({ window: hour, series: [...nodeSeries('n1'), ...podSeries('x', { labels }), ...series] }), {
    pod: 'x',
  });

const owner = (kind: string, name: string): Series =>
  steady({ __name__: 'kube_pod_owner', namespace: 'a', pod: 'x', uid: 'uid-x', owner_kind: kind, owner_name: name }, 1);
const replicaSetOwner = (kind: string, name: string): Series =>
  steady(
    { __name__: 'kube_replicaset_owner', namespace: 'a', replicaset: 'web-6f7', owner_kind: kind, owner_name: name },
    1,
  );

describe('the controller of a pod', () => {
  it.each([
    ['StatefulSet', 'db', 'statefulset', 'db'],
    ['DaemonSet', 'agent', 'daemonset', 'agent'],
    ['Job', 'once', 'job', 'once'],
    ['Job', 'report-28812345', 'job', 'report'], // a CronJob's run: minutes since the epoch
    ['Job', 'report-1728740700', 'job', 'report'], // seconds, in old versions
    ['ReplicaSet', 'bare', 'replicaset', 'bare'],
    ['Node', 'n1', '', ''], // a static pod
  ])('owned by %s %s is %s %s', (kind, name, controllerKind, controller) => {
    expect(rowWith({}, owner(kind, name))).toMatchObject({ controller_kind: controllerKind, controller });
  });

  it.each([
    ['Deployment', 'web', 'deployment', 'web'],
    ['Rollout', 'web', 'rollout', 'web'],
    ['<none>', '<none>', 'replicaset', 'web-6f7'],
  ])('owned by a ReplicaSet of %s %s is %s %s', (kind, name, controllerKind, controller) => {
    const row = rowWith({ pod_template_hash: '6f7' }, owner('ReplicaSet', 'web-6f7'), replicaSetOwner(kind, name));
    expect(row).toMatchObject({ controller_kind: controllerKind, controller });
  });

  it('owned by a ReplicaSet that nobody describes is told by its pod template, or by what selects it', () => {
    const selector = { __name__: 'deployment_match_labels', namespace: 'a', deployment: 'shop', label_app: 'web' };
    const deployment = { controller_kind: 'deployment' };
    expect(rowWith({ pod_template_hash: '6f7' }, owner('ReplicaSet', 'web-6f7'))).toMatchObject({
      ...deployment,
      controller: 'web',
    });
    expect(rowWith({ app: 'web' }, owner('ReplicaSet', 'odd'), steady(selector, 1))).toMatchObject({
      ...deployment,
      controller: 'shop',
    });
  });

  it('without an owner is what selects it, of its namespace, by all of the labels', () => {
    const selector = { __name__: 'statefulSet_match_labels', namespace: 'a', label_app: 'db', label_tier: 'data' };
    const matching = steady({ ...selector, statefulSet: 'db' }, 1);
    expect(rowWith({ app: 'db', tier: 'data' }, matching)).toMatchObject({
      controller_kind: 'statefulset',
      controller: 'db',
    });
    expect(rowWith({ app: 'db' }, matching).controller).toBe('');
    expect(
      rowWith({ app: 'db', tier: 'data' }, steady({ ...selector, namespace: 'b', statefulSet: 'db' }, 1)).controller,
    ).toBe('');
  });
});

describe('what a pod carries', () => {
  it('are its labels, before those of its namespace, before the pool and place of its node', () => {
    const row = rowWith(
      { app: 'web', team: 'pod' },
      steady({ __name__: 'kube_namespace_labels', namespace: 'a', label_team: 'ns', label_cost: '7' }, 1),
      steady(
        {
          __name__: 'kube_node_labels',
          node: 'n1',
          label_cost: 'node',
          label_kubernetes_io_hostname: 'n1',
          label_topology_kubernetes_io_zone: 'z1',
          label_eks_amazonaws_com_nodegroup: 'general',
        },
        1,
      ),
    );
    expect(Object.entries(row.labels)).toEqual([
      ['app', 'web'],
      ['cost', '7'],
      ['eks_amazonaws_com_nodegroup', 'general'],
      ['team', 'pod'],
      ['topology_kubernetes_io_zone', 'z1'],
    ]);
  });

  it('are annotations, its own before those of its namespace', () => {
    const own = { __name__: 'kube_pod_annotations', namespace: 'a', pod: 'x', uid: 'uid-x', annotation_owner: 'me' };
    const space = { __name__: 'kube_namespace_annotations', namespace: 'a', annotation_owner: 'us', annotation_z: '1' };
    expect(rowWith({}, steady(own, 1), steady(space, 1)).annotations).toEqual({ owner: 'me', z: '1' });
  });

  it('is the later of two label sets', () => {
    const changed = { __name__: 'kube_pod_labels', namespace: 'a', pod: 'x', uid: 'uid-x', label_app: 'new' };
    const row = rowWith({ app: 'old' }, steady(changed, 1, { from: 30, to: 70 }));
    // Both are there at the end of the window: the one whose labels sort first, whatever the order of input
    expect(row.labels['app']).toBe('new');
    const series = [...podSeries('x', { labels: { app: 'old' }, to: 29 }), steady(changed, 1, { from: 30 })];
    const allocated = allocateHour({ window: hour, series: [...nodeSeries('n1'), ...series] });
    expect(rowOf(allocated, { pod: 'x' }).labels).toEqual({ app: 'new' });
  });

  it('are the services that select it, sorted; an empty selector selects nothing', () => {
    const service = (name: string, labels: Labels): Series =>
      steady({ __name__: 'service_selector_labels', namespace: 'a', service: name, ...labels }, 1);
    const services = [service('z', { label_app: 'web' }), service('b', { label_app: 'web' }), service('all', {})];
    expect(rowWith({ app: 'web' }, ...services).services).toEqual(['b', 'z']);
  });
});
