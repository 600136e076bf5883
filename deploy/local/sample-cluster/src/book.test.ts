import fc from 'fast-check';
import { container, traffic, type ClusterProfile } from './profile';
import { profiles, type ProfileName } from './profiles';
import { createClusterOfProfile, createSampleCluster, type SampleCluster } from './sample-cluster';
import type { CostSplit } from './book';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 0, 5);

const tinyProfile: ClusterProfile = {
  platform: { ...profiles.shop.platform, zones: ['us-east-1a'], managementNanosPerHour: 100_000_000 },
  egressNanosPerGib: { zone: 10_000_000, region: 20_000_000, internet: 90_000_000 },
  nodePools: [
    {
      name: 'only',
      instanceType: 'x1',
      arch: 'amd64',
      count: 1,
      cpuCores: 2,
      ramBytes: 4 * 1024 ** 3,
      gpuCount: 1,
      cpuCoreHourNanos: 30_000_000,
      ramGibHourNanos: 4_000_000,
      gpuHourNanos: 500_000_000,
    },
  ],
  storageClasses: [{ name: 'disk', gibHourNanos: 100_000 }],
  namespaces: [{ name: 'a', labels: {} }],
  workloads: [
    {
      kind: 'Deployment',
      namespace: 'a',
      name: 'web',
      pool: 'only',
      rhythm: 'flat',
      replicas: 1,
      containers: [
        container('web', 'web:1', { cpuMillicores: [1500, null], ramMib: [2048, null], used: [10, 16], gpus: 1 }),
      ],
      traffic: traffic(50, 0, 0, 10),
      volume: { claim: 'data', gib: 10, storageClass: 'disk' },
    },
  ],
  loadBalancers: [{ namespace: 'a', service: 'web', ingressAddress: '192.0.2.1', hourNanos: 25_000_000 }],
  unmountedVolumes: [{ gib: 5, storageClass: 'disk' }],
};

const tiny = createClusterOfProfile(tinyProfile, { seed: 1, name: 'tiny', clusterId: 'tiny', startMs: START_MS });

describe('the book of a tiny cluster', () => {
  it('has the cost of one hour as calculated by hand, in nano-dollars', () => {
    expect(tiny.book.costBetween(START_MS, START_MS + HOUR_MS)).toEqual({
      cpu: 60_000_000n, // 2 cores × 0.03
      ram: 16_000_000n, // 4 GiB × 0.004
      gpu: 500_000_000n, // 1 × 0.50
      pv: 1_500_000n, // (10 + 5) GiB × 0.0001
      // 10 bytes/ms to the internet × 3,600,000 ms = 36,000,000 bytes ÷ 2^30 × 0.09 = 0.00301748514…; the 50 bytes/ms
      // inside the zone are free.
      network: 3_017_485n,
      loadBalancer: 25_000_000n,
      management: 100_000_000n,
      total: 705_517_485n,
    });
  });

  it('splits the same hour by asset', () => {
    const assets = tiny.book.assets(START_MS, START_MS + HOUR_MS);

    expect(assets.map(({ assetType, total }) => [assetType, total])).toEqual([
      ['disk', expect.any(BigInt)],
      ['disk', expect.any(BigInt)],
      ['load_balancer', 25_000_000n],
      ['management', 100_000_000n],
      ['network', 3_017_485n],
      ['network', 0n],
      ['network', 0n],
      ['node', 576_000_000n],
    ]);
    expect(
      assets
        .map((asset) => asset.total)
        .slice(0, 2)
        .sort(),
    ).toEqual([1_000_000n, 500_000n].sort());
    expect(assets.map((asset) => asset.assetKey).slice(2, 7)).toEqual([
      'a/web/192.0.2.1',
      'EKS',
      'internet',
      'region',
      'zone',
    ]);
  });

  it('gives a container the larger of request and use at the price of its node', () => {
    // 1.5 cores and 2 GiB requested, hardly used, one GPU, for half an hour:
    // 0.75 core-h × 0.03 = 0.0225; 1 GiB-h × 0.004 = 0.004; 0.5 GPU-h × 0.50 = 0.25.
    const [web, ...others] = tiny.book.pods(START_MS, START_MS + HOUR_MS / 2);

    expect(others).toEqual([]);
    expect(web).toMatchObject({
      namespace: 'a',
      container: 'web',
      workloadKind: 'Deployment',
      workload: 'web',
      cpuCoreHours: 0.75,
      ramByteHours: 1024 ** 3,
      gpuHours: 0.5,
      cpuCost: 22_500_000n,
      ramCost: 4_000_000n,
      gpuCost: 250_000_000n,
    });
  });

  it('costs nothing before the cluster’s first instant', () => {
    expect(tiny.book.costBetween(START_MS - DAY_MS, START_MS).total).toBe(0n);
    expect(tiny.book.costBetween(START_MS - DAY_MS, START_MS + HOUR_MS).total).toBe(705_517_485n);
  });

  it('refuses a window that is not in order or not in whole milliseconds', () => {
    expect(() => tiny.book.costBetween(START_MS + 1, START_MS)).toThrow(RangeError);
    expect(() => tiny.book.assets(START_MS, START_MS + 0.5)).toThrow(RangeError);
    expect(() => tiny.book.pods(NaN, START_MS)).toThrow(RangeError);
  });
});

const clusterOf = (profile: ProfileName): SampleCluster =>
  createSampleCluster({ seed: 11, name: profile, clusterId: profile, profile });
const partsOf = ({ total, ...parts }: CostSplit): bigint[] => Object.values(parts);
const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

describe.each(['shop', 'research'] as const)('the book of the %s cluster', (profile) => {
  const { book } = clusterOf(profile);
  const instant = fc.integer({ min: Date.UTC(2026, 8, 1), max: Date.UTC(2026, 9, 1) });

  it('is additive to the nano-dollar: [a, c) costs what [a, b) and [b, c) cost together', () => {
    fc.assert(
      fc.property(fc.tuple(instant, instant, instant), (instants) => {
        const [a, b, c] = instants.sort((left, right) => left - right);
        const [whole, first, second] = [book.costBetween(a, c), book.costBetween(a, b), book.costBetween(b, c)];
        for (const part of Object.keys(whole) as (keyof CostSplit)[]) {
          expect(whole[part]).toBe(first[part] + second[part]);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('has a total that is the sum of its parts and of its assets', () => {
    fc.assert(
      fc.property(instant, fc.integer({ min: 0, max: 2 * DAY_MS }), (startMs, lengthMs) => {
        const cost = book.costBetween(startMs, startMs + lengthMs);
        const assets = book.assets(startMs, startMs + lengthMs);
        expect(sum(partsOf(cost))).toBe(cost.total);
        expect(sum(assets.map((asset) => asset.total))).toBe(cost.total);
        expect(sum(assets.map((asset) => asset.pv))).toBe(cost.pv);
      }),
      { numRuns: 10 },
    );
  });

  it('gives containers no more GPU than the nodes cost, and some idle CPU and RAM', () => {
    const startMs = Date.UTC(2026, 8, 16, 10);
    const cost = book.costBetween(startMs, startMs + HOUR_MS);
    const containers = book.pods(startMs, startMs + HOUR_MS);

    expect(sum(containers.map((row) => row.gpuCost))).toBe(cost.gpu);
    expect(sum(containers.map((row) => row.cpuCost))).toBeLessThan(cost.cpu);
    expect(sum(containers.map((row) => row.ramCost))).toBeLessThan(cost.ram);
    expect(sum(containers.map((row) => row.cpuCost))).toBeGreaterThan(cost.cpu / 5n);
  });
});
