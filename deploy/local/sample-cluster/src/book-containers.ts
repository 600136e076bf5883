import { MS_PER_HOUR, MS_PER_MINUTE } from './calendar';
import type { ClusterModel } from './cluster-model';
import { levelAt } from './cycle';
import { dividedHalfUp } from './half-up';
import { cpuAllocatedMillicores, ramAllocatedBytes, type Container, type Pod } from './pods';

/** What one container was allocated and what that cost. Quantities are exact until their one rounding to a double. */
export interface BookContainer {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly node: string;
  /** `Deployment`, `StatefulSet`, `DaemonSet` or `CronJob`. */
  readonly workloadKind: string;
  readonly workload: string;
  /** When it ran inside the window. */
  readonly startMs: number;
  readonly endMs: number;
  readonly cpuCoreHours: number;
  readonly ramByteHours: number;
  readonly gpuHours: number;
  /** Nano-dollars, each rounded once (halves up). */
  readonly cpuCost: bigint;
  readonly ramCost: bigint;
  readonly gpuCost: bigint;
}

const MILLICORES_PER_CORE = 1000n;
const BYTES_PER_GIB = 1024n ** 3n;
const MS_IN_HOUR = BigInt(MS_PER_HOUR);

/** Sums over the pieces of a span inside which use, request and price are constant: the UTC minutes. */
function allocated(pod: Pod, container: Container, span: { startMs: number; endMs: number }) {
  let [cpuMillicoreMs, ramByteMs, cpuNanoMs, ramNanoMs] = [0n, 0n, 0n, 0n];
  for (let fromMs = span.startMs; fromMs < span.endMs;) {
    const toMs = Math.min(span.endMs, (Math.floor(fromMs / MS_PER_MINUTE) + 1) * MS_PER_MINUTE);
    const pieceMs = BigInt(toMs - fromMs);
    const cpu = BigInt(cpuAllocatedMillicores(container, fromMs)) * pieceMs;
    const ram = BigInt(ramAllocatedBytes(container, fromMs)) * pieceMs;
    cpuMillicoreMs += cpu;
    ramByteMs += ram;
    cpuNanoMs += cpu * BigInt(levelAt(pod.node.cpuCoreHourNanos, fromMs));
    ramNanoMs += ram * BigInt(levelAt(pod.node.ramGibHourNanos, fromMs));
    fromMs = toMs;
  }
  return { cpuMillicoreMs, ramByteMs, cpuNanoMs, ramNanoMs };
}

function bookContainer(pod: Pod, container: Container, window: { startMs: number; endMs: number }): BookContainer {
  const startMs = Math.max(window.startMs, pod.startMs);
  const endMs = Math.min(window.endMs, pod.endMs);
  const sums = allocated(pod, container, { startMs, endMs });
  const gpus = container.spec.gpuRequest ?? 0;
  const gpuMs = BigInt(gpus) * BigInt(endMs - startMs);
  return {
    namespace: pod.namespace,
    pod: pod.name,
    container: container.spec.name,
    node: pod.node.name,
    workloadKind: pod.workload.kind,
    workload: pod.workload.name,
    startMs,
    endMs,
    cpuCoreHours: Number(sums.cpuMillicoreMs) / Number(MILLICORES_PER_CORE * MS_IN_HOUR),
    ramByteHours: Number(sums.ramByteMs) / MS_PER_HOUR,
    gpuHours: Number(gpuMs) / MS_PER_HOUR,
    cpuCost: dividedHalfUp(sums.cpuNanoMs, MILLICORES_PER_CORE * MS_IN_HOUR),
    ramCost: dividedHalfUp(sums.ramNanoMs, BYTES_PER_GIB * MS_IN_HOUR),
    gpuCost: dividedHalfUp(gpuMs * BigInt(pod.node.pool.gpuHourNanos), MS_IN_HOUR),
  };
}

const keyOf = (row: BookContainer): string => `${row.namespace}/${row.pod}/${row.container}`;

/** The containers that ran at some time in [startMs, endMs), sorted by namespace, pod and container. */
export function containersBetween(model: ClusterModel, startMs: number, endMs: number): BookContainer[] {
  const pods = [...model.standingPods, ...model.passingPods(startMs, endMs)];
  const ran = pods.filter((pod) => pod.startMs < endMs && pod.endMs > startMs);
  return ran
    .flatMap((pod) => pod.containers.map((container) => bookContainer(pod, container, { startMs, endMs })))
    .sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : keyOf(left) > keyOf(right) ? 1 : 0));
}
