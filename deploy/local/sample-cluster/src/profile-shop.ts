import { container, traffic, type ClusterProfile, type WorkloadSpec } from './profile';

const GIB = 1024 ** 3;

const frontend: readonly WorkloadSpec[] = [
  {
    kind: 'Deployment',
    namespace: 'frontend',
    name: 'web',
    pool: 'general',
    rhythm: 'office-hours',
    replicas: 3,
    daytimeReplicas: 2,
    containers: [
      container('web', 'shop/web:3.14.2', { cpuMillicores: [300, 1000], ramMib: [384, 768], used: [210, 340] }),
    ],
    traffic: traffic(180, 90, 6, 70),
  },
  {
    kind: 'Deployment',
    namespace: 'frontend',
    name: 'edge',
    pool: 'general',
    rhythm: 'office-hours',
    replicas: 2,
    containers: [container('nginx', 'nginx:1.27', { cpuMillicores: [200, 500], ramMib: [128, 256], used: [90, 96] })],
    traffic: traffic(240, 130, 0, 320),
  },
];

const checkout: readonly WorkloadSpec[] = [
  {
    kind: 'Deployment',
    namespace: 'checkout',
    name: 'api',
    pool: 'general',
    rhythm: 'office-hours',
    replicas: 3,
    containers: [
      container('api', 'shop/checkout:8.1.0', { cpuMillicores: [400, 1000], ramMib: [768, 1024], used: [180, 610] }),
      container('envoy', 'envoyproxy/envoy:v1.31.2', { cpuMillicores: [50, null], ramMib: [64, 128], used: [35, 58] }),
    ],
    traffic: traffic(120, 80, 12, 25),
  },
  {
    kind: 'Deployment',
    namespace: 'checkout',
    name: 'payments',
    pool: 'general',
    rhythm: 'office-hours',
    replicas: 2,
    containers: [
      container('payments', 'shop/payments:2.7.1', { cpuMillicores: [250, 500], ramMib: [512, 512], used: [70, 300] }),
    ],
    traffic: traffic(30, 25, 4, 18),
  },
  {
    kind: 'Deployment',
    namespace: 'checkout',
    name: 'cart-cache',
    pool: 'memory',
    rhythm: 'office-hours',
    replicas: 1,
    containers: [
      container('redis', 'redis:7.2', { cpuMillicores: [250, null], ramMib: [6144, 8192], used: [120, 5200] }),
    ],
  },
];

const data: readonly WorkloadSpec[] = [
  {
    kind: 'StatefulSet',
    namespace: 'data',
    name: 'postgres',
    pool: 'memory',
    rhythm: 'office-hours',
    replicas: 2,
    containers: [
      container('postgres', 'postgres:16.4', {
        cpuMillicores: [1500, 3000],
        ramMib: [12288, 16384],
        used: [900, 11200],
      }),
    ],
    traffic: traffic(160, 110, 35, 0),
    volume: { claim: 'data', gib: 200, storageClass: 'gp3' },
  },
  {
    kind: 'StatefulSet',
    namespace: 'data',
    name: 'search',
    pool: 'memory',
    rhythm: 'office-hours',
    replicas: 1,
    containers: [
      container('opensearch', 'opensearch:2.17', {
        cpuMillicores: [1000, 2000],
        ramMib: [8192, 8192],
        used: [640, 7400],
      }),
    ],
    traffic: traffic(60, 40, 0, 0),
    volume: { claim: 'index', gib: 120, storageClass: 'gp3' },
  },
];

const ml: readonly WorkloadSpec[] = [
  {
    kind: 'Deployment',
    namespace: 'ml',
    name: 'recommender',
    pool: 'gpu',
    rhythm: 'office-hours',
    replicas: 1,
    containers: [
      container('server', 'shop/recommender:0.9.3', {
        cpuMillicores: [2000, 3000],
        ramMib: [8192, 12288],
        used: [1400, 7600],
        gpus: 1,
      }),
    ],
    traffic: traffic(45, 30, 0, 0),
  },
  {
    kind: 'Deployment',
    namespace: 'ml',
    name: 'features',
    pool: 'spot',
    rhythm: 'flat',
    replicas: 2,
    containers: [
      container('features', 'shop/features:1.4.0', {
        cpuMillicores: [800, 2000],
        ramMib: [2048, 3072],
        used: [1150, 2100],
      }),
    ],
  },
];

const monitoring: readonly WorkloadSpec[] = [
  {
    kind: 'Deployment',
    namespace: 'monitoring',
    name: 'prometheus',
    pool: 'general',
    rhythm: 'flat',
    replicas: 1,
    containers: [
      container('prometheus', 'prom/prometheus:v3.1.0', {
        cpuMillicores: [300, null],
        ramMib: [2048, 4096],
        used: [260, 2500],
      }),
    ],
    volume: { claim: 'storage', gib: 64, storageClass: 'gp3' },
  },
  {
    kind: 'Deployment',
    namespace: 'monitoring',
    name: 'cost-analyzer',
    pool: 'general',
    rhythm: 'flat',
    replicas: 1,
    containers: [
      container('cost-model', 'kubecost/cost-model:2.4.1', {
        cpuMillicores: [200, null],
        ramMib: [256, null],
        used: [110, 410],
      }),
    ],
  },
  {
    kind: 'DaemonSet',
    namespace: 'monitoring',
    name: 'node-exporter',
    rhythm: 'flat',
    containers: [
      container('node-exporter', 'prom/node-exporter:v1.8.2', {
        cpuMillicores: [50, null],
        ramMib: [32, null],
        used: [12, 28],
      }),
    ],
  },
];

const system: readonly WorkloadSpec[] = [
  {
    kind: 'Deployment',
    namespace: 'kube-system',
    name: 'coredns',
    pool: 'general',
    rhythm: 'flat',
    replicas: 2,
    containers: [
      container('coredns', 'eks/coredns:v1.11.3', { cpuMillicores: [100, null], ramMib: [70, 170], used: [15, 40] }),
    ],
  },
  {
    kind: 'DaemonSet',
    namespace: 'kube-system',
    name: 'aws-node',
    rhythm: 'flat',
    containers: [
      container('aws-node', 'eks/amazon-k8s-cni:v1.19.0', {
        cpuMillicores: [50, null],
        ramMib: [null, null],
        used: [8, 52],
      }),
    ],
  },
  {
    kind: 'DaemonSet',
    namespace: 'kube-system',
    name: 'kube-proxy',
    rhythm: 'flat',
    containers: [
      container('kube-proxy', 'eks/kube-proxy:v1.31.2', {
        cpuMillicores: [100, null],
        ramMib: [null, null],
        used: [4, 30],
      }),
    ],
  },
  {
    kind: 'DaemonSet',
    namespace: 'kube-system',
    name: 'nvidia-device-plugin',
    pool: 'gpu',
    rhythm: 'flat',
    containers: [
      container('plugin', 'nvidia/k8s-device-plugin:v0.17.0', {
        cpuMillicores: [null, null],
        ramMib: [null, null],
        used: [2, 24],
      }),
    ],
  },
];

const batch: readonly WorkloadSpec[] = [
  {
    kind: 'CronJob',
    namespace: 'batch',
    name: 'sales-report',
    pool: 'spot',
    rhythm: 'flat',
    everyMinutes: 60,
    atMinute: 7,
    shortestSeconds: 480,
    longestSeconds: 1500,
    containers: [
      container('report', 'shop/reports:5.0.1', {
        cpuMillicores: [1000, 2000],
        ramMib: [1024, 2048],
        used: [1300, 1100],
      }),
    ],
  },
  {
    // Shorter than a scrape interval: only its start and completion times show that it ran.
    kind: 'CronJob',
    namespace: 'batch',
    name: 'session-cleanup',
    pool: 'general',
    rhythm: 'flat',
    everyMinutes: 30,
    atMinute: 10,
    shortestSeconds: 35,
    longestSeconds: 50,
    containers: [
      container('cleanup', 'shop/cleanup:1.2.0', { cpuMillicores: [100, 200], ramMib: [128, 128], used: [80, 90] }),
    ],
  },
  {
    kind: 'CronJob',
    namespace: 'batch',
    name: 'nightly-backup',
    pool: 'spot',
    rhythm: 'flat',
    everyMinutes: 1440,
    atMinute: 90,
    shortestSeconds: 4200,
    longestSeconds: 6600,
    containers: [
      container('backup', 'shop/backup:2.3.3', { cpuMillicores: [500, 2000], ramMib: [512, 1024], used: [1600, 700] }),
    ],
  },
];

/** A web shop on AWS: busy in office hours, a spot pool for batch work, one GPU for recommendations. */
export const shopProfile: ClusterProfile = {
  platform: {
    provider: 'AWS',
    account: '482915503117',
    region: 'us-east-1',
    zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
    provisioner: 'EKS',
    kubernetesVersion: 'v1.31.4',
    kernelVersion: '6.1.119-129.201.amzn2023.x86_64',
    osImage: 'Amazon Linux 2023.6',
    managementNanosPerHour: 100_000_000,
  },
  egressNanosPerGib: { zone: 10_000_000, region: 20_000_000, internet: 90_000_000 },
  nodePools: [
    {
      name: 'general',
      instanceType: 'm5.xlarge',
      arch: 'amd64',
      count: 3,
      cpuCores: 4,
      ramBytes: 15.25 * GIB,
      gpuCount: 0,
      cpuCoreHourNanos: 31_611_000,
      ramGibHourNanos: 4_237_000,
      gpuHourNanos: 0,
    },
    {
      name: 'memory',
      instanceType: 'r5.2xlarge',
      arch: 'amd64',
      count: 1,
      cpuCores: 8,
      ramBytes: 61.75 * GIB,
      gpuCount: 0,
      cpuCoreHourNanos: 30_200_000,
      ramGibHourNanos: 4_050_000,
      gpuHourNanos: 0,
    },
    {
      name: 'spot',
      instanceType: 'm5.2xlarge',
      arch: 'amd64',
      count: 1,
      cpuCores: 8,
      ramBytes: 30.75 * GIB,
      gpuCount: 0,
      cpuCoreHourNanos: 11_800_000,
      ramGibHourNanos: 1_580_000,
      gpuHourNanos: 0,
      spotSwing: 0.06,
    },
    {
      name: 'gpu',
      instanceType: 'g4dn.xlarge',
      arch: 'amd64',
      count: 1,
      cpuCores: 4,
      ramBytes: 15.5 * GIB,
      gpuCount: 1,
      cpuCoreHourNanos: 28_900_000,
      ramGibHourNanos: 3_870_000,
      gpuHourNanos: 350_000_000,
    },
  ],
  storageClasses: [
    { name: 'gp3', gibHourNanos: 109_589 },
    { name: 'gp2', gibHourNanos: 136_986 },
  ],
  namespaces: [
    {
      name: 'frontend',
      labels: { team: 'storefront', environment: 'production', department: 'commerce' },
      quota: { cpuCores: 8, ramGib: 16 },
    },
    {
      name: 'checkout',
      labels: { team: 'payments', environment: 'production', department: 'commerce' },
      quota: { cpuCores: 8, ramGib: 32 },
    },
    { name: 'data', labels: { team: 'platform', environment: 'production', department: 'engineering' } },
    { name: 'ml', labels: { team: 'data-science', environment: 'production', department: 'engineering' } },
    { name: 'batch', labels: { team: 'platform', environment: 'production', department: 'engineering' } },
    { name: 'monitoring', labels: { team: 'platform', environment: 'production', department: 'engineering' } },
    { name: 'kube-system', labels: { team: 'platform' } },
  ],
  workloads: [...frontend, ...checkout, ...data, ...ml, ...batch, ...monitoring, ...system],
  loadBalancers: [
    {
      namespace: 'frontend',
      service: 'edge',
      ingressAddress: 'a3f1c9-shop.elb.us-east-1.amazonaws.com',
      hourNanos: 25_000_000,
    },
  ],
  unmountedVolumes: [{ gib: 80, storageClass: 'gp2' }],
};
