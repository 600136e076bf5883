import { cycleOf, steady, type Cycle } from './cycle';
import type { ClusterProfile, NodePoolSpec, PlatformSpec } from './profile';
import { createRandom } from './random';

/** One machine of the cluster. */
export interface ClusterNode {
  readonly name: string;
  /** As OpenCost puts it in `provider_id`: the instance id on AWS, the instance name on GCP. */
  readonly providerId: string;
  /** As the node object has it. */
  readonly providerUri: string;
  readonly pool: NodePoolSpec;
  readonly zone: string;
  readonly internalIp: string;
  readonly systemUuid: string;
  /** Nano-dollars per core-hour. */
  readonly cpuCoreHourNanos: Cycle;
  /** Nano-dollars per GiB-hour. */
  readonly ramGibHourNanos: Cycle;
}

/** A spot market sets a new price at 00, 06, 12 and 18 o'clock UTC: always at the beginning of an hour. */
const SPOT_PRICE_HOURS = 6;
const SPOT_PRICES_PER_WEEK = 28;
/** Spot prices move in steps of 1e-6 $. */
const SPOT_PRICE_STEP_NANOS = 1_000;

function poolPrices(pool: NodePoolSpec, seed: number): { cpu: Cycle; ram: Cycle } {
  const { spotSwing } = pool;
  if (spotSwing === undefined) return { cpu: steady(pool.cpuCoreHourNanos), ram: steady(pool.ramGibHourNanos) };
  const random = createRandom(seed, 'spot-price', pool.name);
  const factors = Array.from({ length: SPOT_PRICES_PER_WEEK }, () => random.between(1 - spotSwing, 1 + spotSwing));
  const priced = (meanNanos: number): Cycle =>
    cycleOf((hour) => {
      const factor = factors[Math.floor(hour / SPOT_PRICE_HOURS)] ?? 1;
      return Math.round((meanNanos * factor) / SPOT_PRICE_STEP_NANOS) * SPOT_PRICE_STEP_NANOS;
    });
  return { cpu: priced(pool.cpuCoreHourNanos), ram: priced(pool.ramGibHourNanos) };
}

function identity(platform: PlatformSpec, pool: NodePoolSpec, place: { zone: string; index: number; seed: number }) {
  const random = createRandom(place.seed, 'node', pool.name, place.index);
  const ipTail = `${String(random.integer(0, 255))}-${String(random.integer(4, 250))}`;
  const internalIp = `10.0.${ipTail.replace('-', '.')}`;
  const systemUuid = random.uuid();
  if (platform.provider === 'AWS') {
    const instanceId = `i-0${random.hex(16)}`;
    const name = `ip-10-0-${ipTail}.${platform.region === 'us-east-1' ? 'ec2' : platform.region}.internal`;
    return { name, providerId: instanceId, providerUri: `aws:///${place.zone}/${instanceId}`, internalIp, systemUuid };
  }
  const name = `gke-${platform.account}-${pool.name}-${random.hex(8)}-${random.nameSuffix(4)}`;
  const providerUri = `gce://${platform.account}/${place.zone}/${name}`;
  return { name, providerId: name, providerUri, internalIp, systemUuid };
}

/** The machines of all pools, spread over the zones. */
export function createNodes(profile: ClusterProfile, options: { seed: number; sizeFactor: number }): ClusterNode[] {
  const { platform } = profile;
  return profile.nodePools.flatMap((pool) => {
    const prices = poolPrices(pool, options.seed);
    const count = Math.max(1, Math.round(pool.count * options.sizeFactor));
    return Array.from({ length: count }, (_, index): ClusterNode => {
      const zone = platform.zones[index % platform.zones.length] ?? platform.region;
      return {
        ...identity(platform, pool, { zone, index, seed: options.seed }),
        pool,
        zone,
        cpuCoreHourNanos: prices.cpu,
        ramGibHourNanos: prices.ram,
      };
    });
  });
}
