import { MS_PER_HOUR } from './calendar';
import type { BookAsset, CostSplit } from './book';
import type { ClusterModel } from './cluster-model';
import { levelAt, type Cycle } from './cycle';
import { dividedHalfUp } from './half-up';
import type { ClusterNode } from './nodes';
import type { Pod } from './pods';
import { paidEgress, type PaidEgress } from './profile';
import { ScrapeGrid, type ScrapeTimes } from './scrape-grid';
import {
  BYTES_PER_GIB,
  claimsAsScraped,
  egressAsScraped,
  MS_IN_HOUR,
  runAsScraped,
  type Claims,
  type Span,
} from './scraped-pods';

/** One row of an hour, in nano-dollars. */
export interface ScrapedRow {
  readonly kind: 'container' | 'idle' | 'unattributed';
  /** `namespace/pod/container`; the node of an idle row; `type/key` of an asset that no container caused. */
  readonly key: string;
  /** Empty where there is none. */
  readonly namespace: string;
  readonly node: string;
  /** When a container is known to have run in the hour; of other rows the hour. */
  readonly startMs: number;
  readonly endMs: number;
  readonly costs: CostSplit;
}

/** What an hour costs by what scrapes saw of it. Rows add up to the assets, part by part. */
export interface ScrapedHour {
  readonly assets: readonly BookAsset[];
  /** Containers, then idle by node, then what no container caused. */
  readonly rows: readonly ScrapedRow[];
}

type CostPart = Exclude<keyof CostSplit, 'total'>;

const noCosts = { total: 0n, cpu: 0n, ram: 0n, gpu: 0n, pv: 0n, network: 0n, loadBalancer: 0n, management: 0n };

class Row implements ScrapedRow {
  readonly costs: { -readonly [Part in keyof CostSplit]: bigint } = { ...noCosts };
  readonly namespace: string;
  readonly node: string;
  readonly startMs: number;
  readonly endMs: number;

  constructor(
    readonly kind: ScrapedRow['kind'],
    readonly key: string,
    span: Span,
    place: { readonly namespace?: string; readonly node?: string },
  ) {
    this.namespace = place.namespace ?? '';
    this.node = place.node ?? '';
    this.startMs = span.startMs;
    this.endMs = span.endMs;
  }

  charge(part: CostPart, nanos: bigint): void {
    this.costs[part] += nanos;
    this.costs.total += nanos;
  }
}

/** A pod that ran in the hour, and the rows of its containers. */
interface PodInHour {
  readonly pod: Pod;
  readonly rows: readonly { readonly row: Row; readonly claims: Claims }[];
}

interface Claim {
  readonly row: Row;
  readonly nanos: bigint;
}

/**
 * Charges each its claim and returns what is left. Claims and total are each rounded, so n claims can miss the total by
 * (n + 1)/2 nanos: that much goes to the largest claim, of equals the first; more is real and stays.
 */
function settle(part: CostPart, total: bigint, claims: readonly Claim[]): bigint {
  const rest = claims.reduce((left, { nanos }) => left - nanos, total);
  const isRounding = claims.length > 0 && 2n * (rest < 0n ? -rest : rest) <= BigInt(claims.length + 1);
  const largest = claims.reduce<Claim | undefined>(
    (best, one) => (best && best.nanos >= one.nanos ? best : one),
    undefined,
  );
  for (const claim of claims) claim.row.charge(part, claim.nanos + (isRounding && claim === largest ? rest : 0n));
  return isRounding ? 0n : rest;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function podsIn(model: ClusterModel, hour: Span, grid: ScrapeGrid): PodInHour[] {
  const pods = [...model.standingPods, ...model.passingPods(hour.startMs, hour.endMs)];
  pods.sort((a, b) => byText(a.namespace, b.namespace) || byText(a.name, b.name) || byText(a.uid, b.uid));
  return pods.flatMap((pod) => {
    const run = runAsScraped(pod, grid);
    if (run === undefined) return [];
    const span = { startMs: Math.max(run.startMs, hour.startMs), endMs: Math.min(run.endMs, hour.endMs) };
    if (span.startMs >= span.endMs) return [];
    const { namespace, name } = pod;
    const containers = [...pod.containers].sort((a, b) => byText(a.spec.name, b.spec.name));
    const rows = containers.map((container) => ({
      row: new Row('container', `${namespace}/${name}/${container.spec.name}`, span, {
        namespace,
        node: pod.node.name,
      }),
      claims: claimsAsScraped(pod, container, span, grid),
    }));
    return { pod, rows };
  });
}

/** One hour being written. */
class HourOfBook {
  readonly assets: BookAsset[] = [];
  readonly others: Row[] = [];
  readonly pods: readonly PodInHour[];

  constructor(
    private readonly model: ClusterModel,
    private readonly hour: Span,
    private readonly grid: ScrapeGrid,
  ) {
    this.pods = podsIn(model, hour, grid);
    for (const node of model.nodes) this.addNode(node);
    for (const volume of model.volumes) this.addDisk(volume);
    for (const destination of paidEgress) this.addNetwork(destination);
    this.addFees();
  }

  private asset(
    assetType: BookAsset['assetType'],
    assetKey: string,
    providerId: string,
    costs: Partial<CostSplit>,
  ): void {
    const total = Object.values(costs).reduce((sum, nanos) => sum + nanos, 0n);
    this.assets.push({ assetType, assetKey, providerId, ...noCosts, ...costs, total });
  }

  /** Price × hour, each price from the scrape that first has it. */
  private pricedMs(price: Cycle): bigint {
    let nanoMs = 0n;
    for (const { fromMs, toMs, scrapeMs } of this.grid.pieces(this.hour.startMs, this.hour.endMs)) {
      nanoMs += BigInt(levelAt(price, scrapeMs)) * BigInt(toMs - fromMs);
    }
    return nanoMs;
  }

  private addNode(node: ClusterNode): void {
    const { pool } = node;
    const hourMs = BigInt(this.hour.endMs - this.hour.startMs);
    const costs = {
      cpu: dividedHalfUp(this.pricedMs(node.cpuCoreHourNanos) * BigInt(pool.cpuCores), MS_IN_HOUR),
      ram: dividedHalfUp(this.pricedMs(node.ramGibHourNanos) * BigInt(pool.ramBytes), BYTES_PER_GIB * MS_IN_HOUR),
      gpu: dividedHalfUp(BigInt(pool.gpuHourNanos) * BigInt(pool.gpuCount) * hourMs, MS_IN_HOUR),
    };
    this.asset('node', node.name, node.providerId, costs);
    const idle = new Row('idle', node.name, this.hour, { node: node.name });
    const rows = this.pods.filter(({ pod }) => pod.node === node).flatMap((pod) => pod.rows);
    for (const part of ['cpu', 'ram', 'gpu'] as const) {
      const claims = rows.flatMap(({ row, claims: { [part]: nanos } }) =>
        nanos === undefined ? [] : [{ row, nanos }],
      );
      idle.charge(part, settle(part, costs[part], claims));
    }
    this.others.push(idle);
  }

  private addDisk(volume: ClusterModel['volumes'][number]): void {
    const { name, providerId, bytes, storageClass, claim } = volume;
    const nanoMs = BigInt(bytes) * BigInt(storageClass.gibHourNanos) * BigInt(this.hour.endMs - this.hour.startMs);
    const pv = dividedHalfUp(nanoMs, BYTES_PER_GIB * MS_IN_HOUR);
    this.asset('disk', name, providerId, { pv });
    const rows = this.pods.filter(({ pod }) => pod.volume === volume).flatMap((pod) => pod.rows);
    if (rows.length > 0) {
      const share = dividedHalfUp(nanoMs, BYTES_PER_GIB * MS_IN_HOUR * BigInt(rows.length));
      settle(
        'pv',
        pv,
        rows.map(({ row }) => ({ row, nanos: share })),
      );
    } else {
      this.unattributed('pv', `disk/${name}`, pv, claim?.namespace);
    }
  }

  private unattributed(part: CostPart, key: string, nanos: bigint, namespace = ''): void {
    const row = new Row('unattributed', key, this.hour, { namespace });
    row.charge(part, nanos);
    this.others.push(row);
  }

  private addNetwork(destination: PaidEgress): void {
    const gibNanos = BigInt(this.model.profile.egressNanosPerGib[destination]);
    let allBytes = 0n;
    const claims = this.pods.flatMap(({ pod, rows }) => {
      const bytes = egressAsScraped(pod, destination, this.hour, this.grid);
      if (bytes === undefined) return [];
      allBytes += bytes;
      const nanos = dividedHalfUp(bytes * gibNanos, BYTES_PER_GIB * BigInt(rows.length));
      return rows.map(({ row }) => ({ row, nanos }));
    });
    const network = dividedHalfUp(allBytes * gibNanos, BYTES_PER_GIB);
    this.asset('network', destination, '', { network });
    settle('network', network, claims);
  }

  private addFees(): void {
    const { platform, loadBalancers } = this.model.profile;
    const fee = (hourNanos: number): bigint =>
      dividedHalfUp(BigInt(hourNanos) * BigInt(this.hour.endMs - this.hour.startMs), MS_IN_HOUR);
    for (const { namespace, service, ingressAddress, hourNanos } of loadBalancers) {
      const loadBalancer = fee(hourNanos);
      const key = `${namespace}/${service}/${ingressAddress}`;
      this.asset('load_balancer', key, '', { loadBalancer });
      const isSelected = ({ pod }: PodInHour): boolean => pod.namespace === namespace && pod.workload.name === service;
      const rows = this.pods.filter(isSelected).flatMap((pod) => pod.rows.map(({ row }) => row));
      const allMs = rows.reduce((sum, { startMs, endMs }) => sum + BigInt(endMs - startMs), 0n);
      const claims = rows.map((row) => ({
        row,
        nanos: dividedHalfUp(loadBalancer * BigInt(row.endMs - row.startMs), allMs),
      }));
      const rest = settle('loadBalancer', loadBalancer, claims);
      if (rows.length === 0) this.unattributed('loadBalancer', `load_balancer/${key}`, rest, namespace);
    }
    const management = fee(platform.managementNanosPerHour);
    this.asset('management', platform.provisioner, '', { management });
    this.unattributed('management', `management/${platform.provisioner}`, management);
  }
}

/**
 * The truth as scrapes at certain times can tell it: what a sample says holds until the next sample, a running container
 * is as its first scrape found it from its start, and as its last one to its known end; what a counter grew by is spread
 * evenly between two scrapes. Computed from the schedule in integers, without any metric: the scrapes' times alone are
 * put into it. With a shorter interval it tends to the {@link Book}.
 */
export interface ScrapedBook {
  /** One hour. @throws RangeError when it does not begin on a whole hour, or before the cluster's second hour. */
  hour(startMs: number): ScrapedHour;
}

/** Opens the book of a cluster as it is scraped. @throws RangeError for times that cannot be. */
export function createScrapedBook(model: ClusterModel, times: ScrapeTimes): ScrapedBook {
  const grid = new ScrapeGrid(times);
  return {
    hour: (startMs) => {
      // The first hour has no scrape before it.
      if (!Number.isInteger(startMs / MS_PER_HOUR) || startMs <= model.epochMs) {
        throw new RangeError('An hour begins on a whole UTC hour after the first of the cluster.');
      }
      const { assets, pods, others } = new HourOfBook(model, { startMs, endMs: startMs + MS_PER_HOUR }, grid);
      return { assets, rows: [...pods.flatMap(({ rows }) => rows.map(({ row }) => row)), ...others] };
    },
  };
}
