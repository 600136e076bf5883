import { container, traffic, type ClusterProfile, type WorkloadSpec } from './profile';

const GIB = 1024 ** 3;

const notebooks: readonly WorkloadSpec[] = [
  {
    kind: 'Deployment',
    namespace: 'notebooks',
    name: 'hub',
    pool: 'general',
    rhythm: 'office-hours',
    replicas: 1,
    containers: [
      container('hub', 'jupyterhub/hub:4.0', { cpuMillicores: [200, null], ramMib: [512, 1024], used: [60, 420] }),
    ],
    traffic: traffic(20, 10, 2, 12),
  },
  {
    kind: 'Deployment',
    namespace: 'notebooks',
    name: 'proxy',
    pool: 'general',
    rhythm: 'office-hours',
    replicas: 2,
    containers: [
      container('proxy', 'jupyterhub/proxy:4.6', { cpuMillicores: [200, 500], ramMib: [256, 512], used: [70, 150] }),
    ],
    traffic: traffic(40, 25, 0, 110),
  },
  {
    kind: 'Deployment',
    namespace: 'notebooks',
    name: 'session',
    pool: 'general',
    rhythm: 'office-hours',
    replicas: 1,
    daytimeReplicas: 3,
    containers: [
      container('notebook', 'lab/notebook:2026.1', {
        cpuMillicores: [500, 2000],
        ramMib: [1536, 3072],
        used: [380, 1300],
      }),
    ],
  },
];

const training: readonly WorkloadSpec[] = [
  {
    kind: 'StatefulSet',
    namespace: 'training',
    name: 'trainer',
    pool: 'gpu',
    rhythm: 'flat',
    replicas: 1,
    containers: [
      container('trainer', 'lab/trainer:1.8.0', {
        cpuMillicores: [8000, 11000],
        ramMib: [49152, 65536],
        used: [6900, 43000],
        gpus: 1,
      }),
      container('checkpoint', 'lab/checkpoint:0.3', {
        cpuMillicores: [100, null],
        ramMib: [256, 512],
        used: [40, 210],
      }),
    ],
    traffic: traffic(300, 60, 25, 0),
    volume: { claim: 'scratch', gib: 500, storageClass: 'premium-rwo' },
  },
  {
    kind: 'Deployment',
    namespace: 'training',
    name: 'tracking',
    pool: 'general',
    rhythm: 'office-hours',
    replicas: 1,
    containers: [
      container('mlflow', 'mlflow:2.19', { cpuMillicores: [250, 1000], ramMib: [1024, 2048], used: [90, 780] }),
    ],
    traffic: traffic(25, 12, 0, 6),
  },
];

const pipelines: readonly WorkloadSpec[] = [
  {
    kind: 'Deployment',
    namespace: 'pipelines',
    name: 'scheduler',
    pool: 'general',
    rhythm: 'flat',
    replicas: 1,
    containers: [
      container('scheduler', 'airflow:2.10', { cpuMillicores: [300, 1000], ramMib: [1024, 1536], used: [240, 900] }),
    ],
  },
  {
    kind: 'Deployment',
    namespace: 'pipelines',
    name: 'worker',
    pool: 'arm-spot',
    rhythm: 'flat',
    replicas: 4,
    containers: [
      container('worker', 'airflow:2.10', { cpuMillicores: [1000, 2000], ramMib: [2048, 4096], used: [1250, 2600] }),
    ],
    traffic: traffic(90, 55, 30, 8),
  },
  {
    kind: 'CronJob',
    namespace: 'pipelines',
    name: 'ingest',
    pool: 'arm-spot',
    rhythm: 'flat',
    everyMinutes: 30,
    atMinute: 3,
    shortestSeconds: 300,
    longestSeconds: 1080,
    containers: [
      container('ingest', 'lab/ingest:4.4.0', {
        cpuMillicores: [1500, 3000],
        ramMib: [1024, 2048],
        used: [1900, 1300],
      }),
    ],
  },
  {
    kind: 'CronJob',
    namespace: 'pipelines',
    name: 'quality-check',
    pool: 'general',
    rhythm: 'flat',
    everyMinutes: 60,
    atMinute: 41,
    shortestSeconds: 45,
    longestSeconds: 240,
    containers: [
      container('check', 'lab/quality:1.1.2', { cpuMillicores: [200, 500], ramMib: [256, 512], used: [310, 200] }),
    ],
  },
];

const data: readonly WorkloadSpec[] = [
  {
    kind: 'StatefulSet',
    namespace: 'data',
    name: 'clickhouse',
    pool: 'highmem',
    rhythm: 'office-hours',
    replicas: 2,
    containers: [
      container('clickhouse', 'clickhouse-server:25.8', {
        cpuMillicores: [2000, 4000],
        ramMib: [16384, 24576],
        used: [1300, 15500],
      }),
    ],
    traffic: traffic(140, 95, 20, 0),
    volume: { claim: 'data', gib: 300, storageClass: 'premium-rwo' },
  },
  {
    kind: 'Deployment',
    namespace: 'data',
    name: 'object-gateway',
    pool: 'highmem',
    rhythm: 'office-hours',
    replicas: 1,
    containers: [
      container('gateway', 'lab/object-gateway:0.12', {
        cpuMillicores: [500, 1000],
        ramMib: [1024, 2048],
        used: [260, 700],
      }),
    ],
    traffic: traffic(110, 70, 45, 40),
  },
];

const monitoring: readonly WorkloadSpec[] = [
  {
    kind: 'Deployment',
    namespace: 'monitoring',
    name: 'prometheus',
    pool: 'highmem',
    rhythm: 'flat',
    replicas: 1,
    containers: [
      container('prometheus', 'prom/prometheus:v3.1.0', {
        cpuMillicores: [300, null],
        ramMib: [2048, 4096],
        used: [240, 2300],
      }),
    ],
    volume: { claim: 'storage', gib: 50, storageClass: 'standard-rwo' },
  },
  {
    kind: 'Deployment',
    namespace: 'monitoring',
    name: 'opencost',
    pool: 'general',
    rhythm: 'flat',
    replicas: 1,
    containers: [
      container('opencost', 'opencost:1.113.0', { cpuMillicores: [100, 1000], ramMib: [128, 512], used: [70, 180] }),
    ],
  },
];

const system: readonly WorkloadSpec[] = [
  {
    kind: 'Deployment',
    namespace: 'kube-system',
    name: 'kube-dns',
    pool: 'general',
    rhythm: 'flat',
    replicas: 2,
    containers: [
      container('kubedns', 'gke/k8s-dns-kube-dns:1.23.0', {
        cpuMillicores: [100, null],
        ramMib: [70, 210],
        used: [12, 38],
      }),
      container('dnsmasq', 'gke/k8s-dns-dnsmasq-nanny:1.23.0', {
        cpuMillicores: [150, null],
        ramMib: [20, null],
        used: [6, 18],
      }),
    ],
  },
  {
    kind: 'DaemonSet',
    namespace: 'kube-system',
    name: 'fluentbit-gke',
    rhythm: 'flat',
    containers: [
      container('fluentbit', 'gke/fluent-bit:1.8.1200', {
        cpuMillicores: [100, null],
        ramMib: [200, 500],
        used: [35, 110],
      }),
    ],
  },
  {
    kind: 'DaemonSet',
    namespace: 'kube-system',
    name: 'gke-metadata-server',
    rhythm: 'flat',
    containers: [
      container('gke-metadata-server', 'gke/metadata-server:0.4.284', {
        cpuMillicores: [100, null],
        ramMib: [100, 100],
        used: [9, 44],
      }),
    ],
  },
  {
    kind: 'DaemonSet',
    namespace: 'kube-system',
    name: 'nvidia-gpu-device-plugin',
    pool: 'gpu',
    rhythm: 'flat',
    containers: [
      container('plugin', 'gke/nvidia-gpu-device-plugin:1.31', {
        cpuMillicores: [50, null],
        ramMib: [50, 50],
        used: [2, 22],
      }),
    ],
  },
];

/** A research group on GCP: notebooks by day, pipelines around the clock on Arm spot nodes, one A100 for training. */
export const researchProfile: ClusterProfile = {
  platform: {
    provider: 'GCP',
    account: 'lab-research-71',
    region: 'europe-west4',
    zones: ['europe-west4-a', 'europe-west4-b'],
    provisioner: 'GKE',
    kubernetesVersion: 'v1.31.5-gke.1023000',
    kernelVersion: '6.6.56+',
    osImage: 'Container-Optimized OS from Google',
    managementNanosPerHour: 100_000_000,
  },
  egressNanosPerGib: { zone: 10_000_000, region: 20_000_000, internet: 120_000_000 },
  nodePools: [
    {
      name: 'general',
      instanceType: 'n2-standard-4',
      arch: 'amd64',
      count: 2,
      cpuCores: 4,
      ramBytes: 15.625 * GIB,
      gpuCount: 0,
      cpuCoreHourNanos: 34_802_000,
      ramGibHourNanos: 4_664_000,
      gpuHourNanos: 0,
    },
    {
      name: 'highmem',
      instanceType: 'n2-highmem-8',
      arch: 'amd64',
      count: 1,
      cpuCores: 8,
      ramBytes: 62.75 * GIB,
      gpuCount: 0,
      cpuCoreHourNanos: 34_802_000,
      ramGibHourNanos: 4_664_000,
      gpuHourNanos: 0,
    },
    {
      name: 'arm-spot',
      instanceType: 't2a-standard-8',
      arch: 'arm64',
      count: 2,
      cpuCores: 8,
      ramBytes: 31.25 * GIB,
      gpuCount: 0,
      cpuCoreHourNanos: 7_700_000,
      ramGibHourNanos: 1_040_000,
      gpuHourNanos: 0,
      spotSwing: 0.05,
    },
    {
      name: 'gpu',
      instanceType: 'a2-highgpu-1g',
      arch: 'amd64',
      count: 1,
      cpuCores: 12,
      ramBytes: 83.5 * GIB,
      gpuCount: 1,
      cpuCoreHourNanos: 34_806_000,
      ramGibHourNanos: 4_665_000,
      gpuHourNanos: 2_933_908_000,
    },
  ],
  storageClasses: [
    { name: 'premium-rwo', gibHourNanos: 256_438 },
    { name: 'standard-rwo', gibHourNanos: 150_822 },
  ],
  namespaces: [
    {
      name: 'notebooks',
      labels: { team: 'research', environment: 'research', department: 'science' },
      quota: { cpuCores: 12, ramGib: 48 },
    },
    { name: 'training', labels: { team: 'research', environment: 'research', department: 'science' } },
    {
      name: 'pipelines',
      labels: { team: 'data-engineering', environment: 'production', department: 'engineering' },
      quota: { cpuCores: 16, ramGib: 64 },
    },
    { name: 'data', labels: { team: 'data-engineering', environment: 'production', department: 'engineering' } },
    { name: 'monitoring', labels: { team: 'data-engineering', environment: 'production', department: 'engineering' } },
    { name: 'kube-system', labels: { team: 'platform' } },
  ],
  workloads: [...notebooks, ...training, ...pipelines, ...data, ...monitoring, ...system],
  loadBalancers: [{ namespace: 'notebooks', service: 'proxy', ingressAddress: '203.0.113.24', hourNanos: 27_000_000 }],
  unmountedVolumes: [
    { gib: 250, storageClass: 'standard-rwo' },
    { gib: 100, storageClass: 'premium-rwo', claim: { namespace: 'training', name: 'old-checkpoints' } },
  ],
};
