/**
 * The written-down form of a sample cluster: what runs in it and what it costs. Money is in whole nano-dollars (1e-9 $)
 * so that the price book is exact.
 */
export interface ClusterProfile {
  readonly platform: PlatformSpec;
  readonly egressNanosPerGib: Readonly<Record<PaidEgress, number>>;
  readonly nodePools: readonly NodePoolSpec[];
  readonly storageClasses: readonly StorageClassSpec[];
  readonly namespaces: readonly NamespaceSpec[];
  readonly workloads: readonly WorkloadSpec[];
  readonly loadBalancers: readonly LoadBalancerSpec[];
  /** Volumes that no pod mounts. They cost money all the same. */
  readonly unmountedVolumes: readonly UnmountedVolumeSpec[];
}

/** Where traffic goes. Only the first is free. */
export const egressClasses = ['same-zone', 'zone', 'region', 'internet'] as const;
export type EgressClass = (typeof egressClasses)[number];
export const paidEgress = ['zone', 'region', 'internet'] as const;
export type PaidEgress = (typeof paidEgress)[number];

/** The cloud that a cluster runs in, as its labels show it. */
export interface PlatformSpec {
  readonly provider: 'AWS' | 'GCP';
  /** AWS account id or GCP project. */
  readonly account: string;
  readonly region: string;
  readonly zones: readonly string[];
  readonly provisioner: string;
  readonly kubernetesVersion: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly managementNanosPerHour: number;
}

export interface NodePoolSpec {
  readonly name: string;
  readonly instanceType: string;
  readonly arch: 'amd64' | 'arm64';
  readonly count: number;
  readonly cpuCores: number;
  readonly ramBytes: number;
  readonly gpuCount: number;
  readonly cpuCoreHourNanos: number;
  readonly ramGibHourNanos: number;
  readonly gpuHourNanos: number;
  /** A spot pool's CPU and RAM prices move by up to this fraction, at 00, 06, 12 and 18 o'clock UTC. */
  readonly spotSwing?: number;
}

export interface StorageClassSpec {
  readonly name: string;
  readonly gibHourNanos: number;
}

interface NamespaceSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly quota?: { readonly cpuCores: number; readonly ramGib: number };
}

/** How a level moves: with office hours, or hardly at all. */
export type Rhythm = 'office-hours' | 'flat';

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  /** Absent = not set in the pod's manifest. */
  readonly cpuRequestMillicores?: number;
  readonly cpuLimitMillicores?: number;
  readonly ramRequestMib?: number;
  readonly ramLimitMib?: number;
  readonly gpuRequest?: number;
  /** What it uses on average over a week. */
  readonly cpuUsedMillicores: number;
  readonly ramUsedMib: number;
}

/** Mean bytes per millisecond (= kB/s) that one pod sends to each place. */
export type TrafficSpec = Readonly<Record<EgressClass, number>>;

interface WorkloadBase {
  readonly name: string;
  readonly namespace: string;
  readonly rhythm: Rhythm;
  readonly containers: readonly ContainerSpec[];
}

export interface DeploymentSpec extends WorkloadBase {
  readonly kind: 'Deployment';
  readonly pool: string;
  readonly replicas: number;
  /** More replicas from 08:00Z to 20:00Z, with new names each day. They carry no network counters. */
  readonly daytimeReplicas?: number;
  readonly traffic?: TrafficSpec;
  readonly volume?: VolumeSpec;
}

export interface StatefulSetSpec extends WorkloadBase {
  readonly kind: 'StatefulSet';
  readonly pool: string;
  readonly replicas: number;
  readonly traffic?: TrafficSpec;
  readonly volume: VolumeSpec;
}

interface DaemonSetSpec extends WorkloadBase {
  readonly kind: 'DaemonSet';
  /** Absent = one pod on every node. */
  readonly pool?: string;
}

export interface CronJobSpec extends WorkloadBase {
  readonly kind: 'CronJob';
  readonly pool: string;
  readonly everyMinutes: number;
  readonly atMinute: number;
  readonly shortestSeconds: number;
  readonly longestSeconds: number;
}

export type WorkloadSpec = DeploymentSpec | StatefulSetSpec | DaemonSetSpec | CronJobSpec;

export interface VolumeSpec {
  readonly claim: string;
  readonly gib: number;
  readonly storageClass: string;
}

interface LoadBalancerSpec {
  readonly namespace: string;
  /** The Service and the workload that it selects share a name. */
  readonly service: string;
  readonly ingressAddress: string;
  readonly hourNanos: number;
}

interface UnmountedVolumeSpec {
  readonly gib: number;
  readonly storageClass: string;
  /** Absent = released: its claim is gone. Present = claimed, but no pod mounts the claim. */
  readonly claim?: { readonly namespace: string; readonly name: string };
}

/** `[request, limit]`; null = not set. */
type Bounds = readonly [request: number | null, limit: number | null];

/** A container in one line. */
export function container(
  name: string,
  image: string,
  resources: {
    cpuMillicores: Bounds;
    ramMib: Bounds;
    used: readonly [cpuMillicores: number, ramMib: number];
    gpus?: number;
  },
): ContainerSpec {
  const [cpuRequest, cpuLimit] = resources.cpuMillicores;
  const [ramRequest, ramLimit] = resources.ramMib;
  return {
    name,
    image,
    ...(cpuRequest === null ? {} : { cpuRequestMillicores: cpuRequest }),
    ...(cpuLimit === null ? {} : { cpuLimitMillicores: cpuLimit }),
    ...(ramRequest === null ? {} : { ramRequestMib: ramRequest }),
    ...(ramLimit === null ? {} : { ramLimitMib: ramLimit }),
    ...(resources.gpus === undefined ? {} : { gpuRequest: resources.gpus }),
    cpuUsedMillicores: resources.used[0],
    ramUsedMib: resources.used[1],
  };
}

/** Traffic of one pod in bytes per millisecond. */
export function traffic(sameZone: number, zone: number, region: number, internet: number): TrafficSpec {
  return { 'same-zone': sameZone, zone, region, internet };
}
