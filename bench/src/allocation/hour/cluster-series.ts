import type { Label, TimeSeries } from '@cloudtuner/remote-write';

const minuteMs = 60_000;
const podsPerNode = 40;
const podsPerWorkload = 12;
const containersPerPod = 1.2;
const gib = 2 ** 30;

/** An hour of a cluster's raw samples, once a minute, from 5 minutes before it to 5 minutes after it unless it says otherwise. */
export interface MadeHour {
  readonly pods: number;
  readonly startMs: number;
  /** Of the minutes, counted from `startMs`; `until` is in it. Pieces side by side go on where the one before ended. */
  readonly minutes?: { readonly from: number; readonly until: number };
}

type Texts = Readonly<Record<string, string>>;
type ValueAt = number | ((minute: number) => number);

const pad = (index: number): string => String(index).padStart(5, '0');
const byName = (a: Label, b: Label): number => (a.name < b.name ? -1 : 1);

function seriesMaker(
  { startMs, minutes: { from, until } = { from: -5, until: 65 } }: MadeHour,
  more: Texts,
): (name: string, labels: Texts, value: ValueAt) => TimeSeries {
  const minutes = Array.from({ length: until - from + 1 }, (_, index) => index + from);
  return (name, labels, value) => ({
    labels: Object.entries({ __name__: name, ...labels, ...more })
      .map(([key, text]) => ({ name: key, value: text }))
      .sort(byName),
    samples: minutes.map((minute) => ({
      timestampMs: startMs + minute * minuteMs,
      value: typeof value === 'number' ? value : value(minute),
    })),
  });
}

/** The nodes, prices and owners of the cluster. */
export function clusterSeries(hour: MadeHour, more: Texts): TimeSeries[] {
  const { pods } = hour;
  const series = seriesMaker(hour, more);
  const nodes = Array.from({ length: Math.ceil(pods / podsPerNode) }, (_, index) => `node-${pad(index)}`);
  const workloads = Array.from({ length: Math.ceil(pods / podsPerWorkload) }, (_, index) => index);
  return [
    series('kubecost_cluster_management_cost', { provisioner_name: 'EKS' }, 0.1),
    series('kubecost_network_internet_egress_cost', {}, 0.12),
    ...nodes.flatMap((node) => [
      series('node_cpu_hourly_cost', { node, instance: node, provider_id: `aws:///${node}` }, 0.031),
      series('node_ram_hourly_cost', { node, instance: node, provider_id: `aws:///${node}` }, 0.0042),
      series('kube_node_status_capacity', { node, resource: 'cpu', unit: 'core' }, 32),
      series('kube_node_status_capacity', { node, resource: 'memory', unit: 'byte' }, 128 * gib),
      series('kube_node_labels', { node, label_node_kubernetes_io_instance_type: 'm6i.8xlarge' }, 1),
    ]),
    ...workloads.map((index) =>
      series(
        'kube_replicaset_owner',
        {
          namespace: namespaceOf(index),
          replicaset: `app-${pad(index)}-6d5f`,
          owner_kind: 'Deployment',
          owner_name: `app-${pad(index)}`,
        },
        1,
      ),
    ),
  ];
}

// One of them has half of all pods.
const namespaceOf = (workload: number): string => (workload % 2 === 0 ? 'main' : `team-${String(workload % 97)}`);

// cAdvisor tells seconds by the nanosecond and memory by the page.
const nanosecond = (seconds: number): number => Math.round(seconds * 1e9) / 1e9;
const wholePages = (bytes: number): number => Math.floor(bytes / 4096) * 4096;

/** All series of one pod: what kube-state-metrics, OpenCost, cAdvisor and the network exporter say of it. */
export function podSeries(hour: MadeHour, pod: number, more: Texts): TimeSeries[] {
  const { startMs } = hour;
  const series = seriesMaker(hour, more);
  const workload = Math.floor(pod / podsPerWorkload);
  const node = `node-${pad(Math.floor(pod / podsPerNode))}`;
  const object = { namespace: namespaceOf(workload), pod: `app-${pad(workload)}-6d5f-${pad(pod)}` };
  const known = { ...object, uid: `00000000-0000-4000-8000-0000000${pad(pod)}` };
  const wave = (minute: number): number => ((pod * 7 + minute * 13) % 60) / 60;
  const containers = Array.from(
    { length: Math.floor((pod + 1) * containersPerPod) - Math.floor(pod * containersPerPod) },
    (_, index) => (index === 0 ? 'main' : 'sidecar'),
  );
  return [
    series('kube_pod_info', { ...known, node, created_by_kind: 'ReplicaSet' }, 1),
    series('kube_pod_owner', { ...known, owner_kind: 'ReplicaSet', owner_name: `app-${pad(workload)}-6d5f` }, 1),
    series(
      'kube_pod_labels',
      { ...known, label_app: `app-${pad(workload)}`, label_team: `t${String(workload % 20)}` },
      1,
    ),
    series('kube_pod_start_time', known, startMs / 1000 - 86_400),
    series('container_network_receive_bytes_total', { ...object, interface: 'eth0' }, (at) => 1e9 + (at + 5) * 30_000),
    series('container_network_transmit_bytes_total', { ...object, interface: 'eth0' }, (at) => 1e9 + (at + 5) * 50_000),
    series(
      'kubecost_pod_network_egress_bytes_total',
      { namespace: object.namespace, pod_name: object.pod, internet: 'true', same_zone: 'false', same_region: 'false' },
      (at) => 5e8 + (at + 5) * 20_000,
    ),
    ...containers.flatMap((container) => [
      series('kube_pod_container_status_running', { ...known, container }, 1),
      series(
        'kube_pod_container_resource_requests',
        { ...known, container, node, resource: 'cpu', unit: 'core' },
        0.25,
      ),
      series(
        'kube_pod_container_resource_requests',
        { ...known, container, node, resource: 'memory', unit: 'byte' },
        gib,
      ),
      series('container_cpu_allocation', { ...object, container, node }, (at) => 0.25 + wave(at) / 10),
      series('container_memory_allocation_bytes', { ...object, container, node }, gib),
      series('container_cpu_usage_seconds_total', { ...object, container, instance: node }, (at) =>
        nanosecond(1e5 + (at + 5) * 12 + wave(at)),
      ),
      series('container_memory_working_set_bytes', { ...object, container, instance: node }, (at) =>
        wholePages(gib * (0.5 + wave(at) / 4)),
      ),
    ]),
  ];
}
