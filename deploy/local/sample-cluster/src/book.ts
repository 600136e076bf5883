import { MS_PER_HOUR } from './calendar';
import type { ClusterModel } from './cluster-model';
import { exactIntegralSince, steady, type Cycle } from './cycle';
import { dividedHalfUp } from './half-up';
import { containersBetween, type BookContainer } from './book-containers';
import { paidEgress, type PaidEgress } from './profile';

export type { BookContainer };

/** What something cost, in nano-dollars (1e-9 $). `total` is the sum of the other seven. */
export interface CostSplit {
  readonly total: bigint;
  readonly cpu: bigint;
  readonly ram: bigint;
  readonly gpu: bigint;
  readonly pv: bigint;
  readonly network: bigint;
  readonly loadBalancer: bigint;
  readonly management: bigint;
}

type CostPart = Exclude<keyof CostSplit, 'total'>;

/** What one asset cost. */
export interface BookAsset extends CostSplit {
  readonly assetType: 'node' | 'disk' | 'network' | 'load_balancer' | 'management';
  /** Node name; volume name; `zone`, `region` or `internet`; `namespace/service/address`; provisioner. */
  readonly assetKey: string;
  /** Empty where the cloud gives none. */
  readonly providerId: string;
}

/**
 * The truth about a cluster's cost, computed from prices, capacities and time in integers, without any metric.
 *
 * A cost is the difference of two running totals, each rounded once to a nano-dollar (halves up), so that
 * costBetween(a, c) = costBetween(a, b) + costBetween(b, c) holds exactly, and each part of each asset is within
 * one nano-dollar of its unrounded cost.
 *
 * Instants are whole unix milliseconds. What lies before the cluster's first instant costs nothing.
 */
export interface Book {
  /** The cost of [startMs, endMs). @throws RangeError when the instants are not whole or not in order. */
  costBetween(startMs: number, endMs: number): CostSplit;
  /** The same by asset, sorted by type and key. @throws RangeError as `costBetween`. */
  assets(startMs: number, endMs: number): BookAsset[];
  /**
   * What each container that ran in [startMs, endMs) was allocated, the larger of request and use in each minute, at
   * its node's price; sorted by namespace, pod and container. @throws RangeError as `costBetween`.
   */
  pods(startMs: number, endMs: number): BookContainer[];
}

/** One part of the cost of one asset. `spentBy(t)` is the running total in nano-dollars from the first instant to t. */
interface LedgerEntry {
  readonly assetType: BookAsset['assetType'];
  readonly assetKey: string;
  readonly providerId: string;
  readonly part: CostPart;
  readonly spentBy: (tMs: number) => bigint;
}

const BYTES_PER_GIB = 1024n ** 3n;
const MS_IN_HOUR = BigInt(MS_PER_HOUR);
const noCost = { cpu: 0n, ram: 0n, gpu: 0n, pv: 0n, network: 0n, loadBalancer: 0n, management: 0n };

/** The running total of a price per unit and hour. */
function priced(epochMs: number, price: Cycle, units: { count: number; per?: bigint }): LedgerEntry['spentBy'] {
  const divisor = MS_IN_HOUR * (units.per ?? 1n);
  const count = BigInt(units.count);
  const nanoMsBy = exactIntegralSince(price, epochMs);
  return (tMs) => dividedHalfUp(nanoMsBy(tMs) * count, divisor);
}

function nodeEntries(model: ClusterModel): LedgerEntry[] {
  return model.nodes.flatMap((node) => {
    const { pool } = node;
    const asset = { assetType: 'node', assetKey: node.name, providerId: node.providerId } as const;
    const cpu = priced(model.epochMs, node.cpuCoreHourNanos, { count: pool.cpuCores });
    const ram = priced(model.epochMs, node.ramGibHourNanos, { count: pool.ramBytes, per: BYTES_PER_GIB });
    const gpu = priced(model.epochMs, steady(pool.gpuHourNanos), { count: pool.gpuCount });
    return [
      { ...asset, part: 'cpu', spentBy: cpu },
      { ...asset, part: 'ram', spentBy: ram },
      { ...asset, part: 'gpu', spentBy: gpu },
    ] as const;
  });
}

function diskEntries(model: ClusterModel): LedgerEntry[] {
  return model.volumes.map((volume) => ({
    assetType: 'disk',
    assetKey: volume.name,
    providerId: volume.providerId,
    part: 'pv',
    spentBy: priced(model.epochMs, steady(volume.storageClass.gibHourNanos), {
      count: volume.bytes,
      per: BYTES_PER_GIB,
    }),
  }));
}

function networkEntry(model: ClusterModel, destination: PaidEgress): LedgerEntry {
  const flows = model.standingPods.flatMap((pod) => {
    const bytesPerMs = pod.egress?.get(destination);
    return bytesPerMs === undefined ? [] : [exactIntegralSince(bytesPerMs, model.epochMs)];
  });
  const gibNanos = BigInt(model.profile.egressNanosPerGib[destination]);
  const bytesBy = (tMs: number): bigint => flows.reduce((sum, flowBy) => sum + flowBy(tMs), 0n);
  return {
    assetType: 'network',
    assetKey: destination,
    providerId: '',
    part: 'network',
    spentBy: (tMs) => dividedHalfUp(bytesBy(tMs) * gibNanos, BYTES_PER_GIB),
  };
}

function feeEntries(model: ClusterModel): LedgerEntry[] {
  const { platform, loadBalancers } = model.profile;
  const fee = (hourNanos: number): LedgerEntry['spentBy'] => priced(model.epochMs, steady(hourNanos), { count: 1 });
  return [
    {
      assetType: 'management',
      assetKey: platform.provisioner,
      providerId: '',
      part: 'management',
      spentBy: fee(platform.managementNanosPerHour),
    },
    ...loadBalancers.map(({ namespace, service, ingressAddress, hourNanos }): LedgerEntry => ({
      assetType: 'load_balancer',
      assetKey: `${namespace}/${service}/${ingressAddress}`,
      providerId: '',
      part: 'loadBalancer',
      spentBy: fee(hourNanos),
    })),
  ];
}

function sumOf(parts: readonly { part: CostPart; nanos: bigint }[]): CostSplit {
  const split = { total: 0n, ...noCost };
  for (const { part, nanos } of parts) {
    split[part] += nanos;
    split.total += nanos;
  }
  return split;
}

function checkWindow(startMs: number, endMs: number): void {
  if (!Number.isSafeInteger(startMs) || !Number.isSafeInteger(endMs) || endMs < startMs) {
    throw new RangeError('A window needs whole milliseconds, the start before the end.');
  }
}

const byTypeAndKey = (left: BookAsset, right: BookAsset): number => {
  const [leftKey, rightKey] = [`${left.assetType} ${left.assetKey}`, `${right.assetType} ${right.assetKey}`];
  return leftKey < rightKey ? -1 : leftKey > rightKey ? 1 : 0;
};

function groupByAsset(
  entries: readonly LedgerEntry[],
): (Omit<LedgerEntry, 'part' | 'spentBy'> & { entries: LedgerEntry[] })[] {
  const groups = new Map<string, LedgerEntry[]>();
  for (const entry of entries) {
    const key = `${entry.assetType} ${entry.assetKey}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { assetType, assetKey, providerId } = first;
    return [{ assetType, assetKey, providerId, entries: group }];
  });
}

/** Opens the price book of a cluster. */
export function createBook(model: ClusterModel): Book {
  const entries: readonly LedgerEntry[] = [
    ...nodeEntries(model),
    ...diskEntries(model),
    ...paidEgress.map((destination) => networkEntry(model, destination)),
    ...feeEntries(model),
  ];
  const assets = groupByAsset(entries);
  const spentBetween = (entry: LedgerEntry, startMs: number, endMs: number): bigint =>
    entry.spentBy(Math.max(endMs, model.epochMs)) - entry.spentBy(Math.max(startMs, model.epochMs));

  return {
    costBetween: (startMs, endMs) => {
      checkWindow(startMs, endMs);
      return sumOf(entries.map((entry) => ({ part: entry.part, nanos: spentBetween(entry, startMs, endMs) })));
    },
    assets: (startMs, endMs) => {
      checkWindow(startMs, endMs);
      return assets
        .map((asset) => {
          const parts = asset.entries.map((entry) => ({
            part: entry.part,
            nanos: spentBetween(entry, startMs, endMs),
          }));
          const { assetType, assetKey, providerId } = asset;
          return { assetType, assetKey, providerId, ...sumOf(parts) };
        })
        .sort(byTypeAndKey);
    },
    pods: (startMs, endMs) => {
      checkWindow(startMs, endMs);
      return containersBetween(model, startMs, endMs);
    },
  };
}
