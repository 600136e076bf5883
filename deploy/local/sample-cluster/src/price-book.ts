import type { ClusterModel } from './cluster-model';
import { paidEgress } from './profile';

/** One line of the list of prices. */
export interface PriceBookRow {
  readonly item: string;
  readonly unit: 'core-hour' | 'GiB-hour' | 'GPU-hour' | 'hour' | 'GiB';
  readonly nanosPerUnit: bigint;
  /** True for the mean of a price that moves. */
  readonly varies: boolean;
}

/** The prices of a cluster. */
export function priceBookOf(model: ClusterModel): PriceBookRow[] {
  const { profile } = model;
  const row = (item: string, unit: PriceBookRow['unit'], nanos: number, varies = false): PriceBookRow => ({
    item,
    unit,
    nanosPerUnit: BigInt(nanos),
    varies,
  });
  return [
    ...profile.nodePools.flatMap((pool) => {
      const varies = pool.spotSwing !== undefined;
      return [
        row(`node ${pool.instanceType} CPU`, 'core-hour', pool.cpuCoreHourNanos, varies),
        row(`node ${pool.instanceType} RAM`, 'GiB-hour', pool.ramGibHourNanos, varies),
        ...(pool.gpuCount > 0 ? [row(`node ${pool.instanceType} GPU`, 'GPU-hour', pool.gpuHourNanos)] : []),
      ];
    }),
    ...profile.storageClasses.map(({ name, gibHourNanos }) => row(`disk ${name}`, 'GiB-hour', gibHourNanos)),
    ...paidEgress.map((destination) => row(`egress ${destination}`, 'GiB', profile.egressNanosPerGib[destination])),
    ...profile.loadBalancers.map(({ service, hourNanos }) => row(`load balancer ${service}`, 'hour', hourNanos)),
    row(`management ${profile.platform.provisioner}`, 'hour', profile.platform.managementNanosPerHour),
  ];
}
