import { MS_PER_HOUR } from './calendar';
import { exactIntegralSince, levelAt } from './cycle';
import { dividedHalfUp } from './half-up';
import { cpuAllocatedMillicores, ramAllocatedBytes, type Container, type Pod } from './pods';
import type { PaidEgress } from './profile';
import type { ScrapeGrid } from './scrape-grid';

/** A span of time, [startMs, endMs). */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

export const BYTES_PER_GIB = 1024n ** 3n;
export const MS_IN_HOUR = BigInt(MS_PER_HOUR);
const MILLICORES_PER_CORE = 1000n;
const MIB = 1024 ** 2;

/**
 * When scrapes say that a pod ran. Its start is told by whichever scrape sees the pod at all, and the end of a completed
 * Job by one that sees it completed. Of anything else the last scrape is the end, and what no scrape saw did not run.
 */
export function runAsScraped(pod: Pod, grid: ScrapeGrid): Span | undefined {
  const { startMs, endMs, removedMs } = pod;
  if (endMs === Infinity || grid.from(endMs) < removedMs) return { startMs, endMs };
  const lastSeenMs = grid.before(endMs);
  return lastSeenMs > startMs ? { startMs, endMs: lastSeenMs } : undefined;
}

/**
 * The scrape that tells what a running container is allocated at a moment: the latest one; before the first that one, and
 * after the last that one. Undefined for what ran between two scrapes.
 */
function tellingScrape(pod: Pod, grid: ScrapeGrid, scrapeMs: number): number | undefined {
  const firstMs = grid.from(pod.startMs);
  const lastMs = pod.endMs === Infinity ? Infinity : grid.before(pod.endMs);
  return firstMs > lastMs ? undefined : Math.min(Math.max(scrapeMs, firstMs), lastMs);
}

/** The part of one container in the cost of its node, each rounded once; undefined for what it neither asks for nor uses. */
export interface Claims {
  readonly cpu: bigint | undefined;
  readonly ram: bigint | undefined;
  readonly gpu: bigint | undefined;
}

/** What a container is charged for a span in which it ran: what each scrape found holds until the next one. */
export function claimsAsScraped(pod: Pod, container: Container, span: Span, grid: ScrapeGrid): Claims {
  const { spec } = container;
  let [cpuNanoMs, ramNanoMs] = [0n, 0n];
  let isSeen = false;
  for (const { fromMs, toMs, scrapeMs } of grid.pieces(span.startMs, span.endMs)) {
    const toldMs = tellingScrape(pod, grid, scrapeMs);
    isSeen ||= toldMs !== undefined;
    // Of what no scrape saw running, the request is all that is known.
    const millicores =
      toldMs === undefined ? (spec.cpuRequestMillicores ?? 0) : cpuAllocatedMillicores(container, toldMs);
    const bytes = toldMs === undefined ? (spec.ramRequestMib ?? 0) * MIB : ramAllocatedBytes(container, toldMs);
    const pieceMs = BigInt(toMs - fromMs);
    cpuNanoMs += BigInt(millicores) * BigInt(levelAt(pod.node.cpuCoreHourNanos, scrapeMs)) * pieceMs;
    ramNanoMs += BigInt(bytes) * BigInt(levelAt(pod.node.ramGibHourNanos, scrapeMs)) * pieceMs;
  }
  const gpuNanoMs =
    BigInt(spec.gpuRequest ?? 0) * BigInt(pod.node.pool.gpuHourNanos) * BigInt(span.endMs - span.startMs);
  const known = (nanos: bigint, request: number | undefined): bigint | undefined =>
    isSeen || request !== undefined ? nanos : undefined;
  return {
    cpu: known(dividedHalfUp(cpuNanoMs, MILLICORES_PER_CORE * MS_IN_HOUR), spec.cpuRequestMillicores),
    ram: known(dividedHalfUp(ramNanoMs, BYTES_PER_GIB * MS_IN_HOUR), spec.ramRequestMib),
    gpu: spec.gpuRequest === undefined ? undefined : dividedHalfUp(gpuNanoMs, MS_IN_HOUR),
  };
}

/**
 * Whole bytes that a pod's counter grew by in a span, as two scrapes on each side of an edge tell: what was counted between
 * them is taken as steady, and cut down to whole bytes.
 */
export function egressAsScraped(pod: Pod, destination: PaidEgress, span: Span, grid: ScrapeGrid): bigint | undefined {
  const flow = pod.egress?.get(destination);
  if (flow === undefined) return undefined;
  const bytesBy = exactIntegralSince(flow, pod.startMs);
  const countedBy = (tMs: number): bigint => {
    const [beforeMs, afterMs] = [grid.atOrBefore(tMs), grid.atOrBefore(tMs) + grid.intervalMs];
    const growth = bytesBy(afterMs) - bytesBy(beforeMs);
    return bytesBy(beforeMs) + (growth * BigInt(tMs - beforeMs)) / BigInt(grid.intervalMs);
  };
  return countedBy(span.endMs) - countedBy(span.startMs);
}
