import { createHash } from 'node:crypto';
import { compressSnappy, encodeWriteRequest, encodeWriteRequestV2, type Label } from '@cloudtuner/remote-write';

export const seriesPerBody = 2_000;

/** Hex digits that look random and are the same in every run. */
function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** Ten labels as kube-state-metrics and cAdvisor send them, about 300 bytes a series, sorted. */
function labelsOf(shape: number, series: number): Label[] {
  const pod = `${String(shape)}-${String(Math.floor(series / 8))}`;
  const workload = digest(`workload ${String(shape)} ${String(Math.floor(series / 40))}`, 6);
  const labels: Record<string, string> = {
    __name__: `container_${['cpu_usage_seconds_total', 'memory_working_set_bytes', 'cpu_allocation', 'memory_allocation_bytes'][series % 4] ?? ''}`,
    cluster: `production-${String(shape)}`,
    container: ['application', 'istio-proxy'][series % 2] ?? '',
    id: `/kubepods/${digest(`id ${String(shape)} ${String(series >> 1)}`, 14)}`,
    image: `registry.example.com/${workload}:2024.11.3`,
    instance: `10.${String(shape)}.${String(Math.floor(series / 400))}.17:10250`,
    namespace: `team-${workload.slice(0, 2)}`,
    node: `ip-10-${String(shape)}-${String(Math.floor(series / 400))}-17.internal`,
    pod: `service-${workload}-${digest(`pod ${pod}`, 10)}`,
    series: String(series),
  };
  return Object.entries(labels).map(([name, value]) => ({ name, value }));
}

/** The label sets of one kind of body: different ones, so that no cache between here and the store knows them all. */
export function createShape(shape: number): Label[][] {
  return Array.from({ length: seriesPerBody }, (_, series) => labelsOf(shape, series));
}

/** Version of Remote Write. */
export type Protocol = '1' | '2';

/** One body: every series of a shape with one sample at this time. */
export function encodeBody(
  shape: readonly Label[][],
  timestampMs: number,
  protocol: Protocol = '1',
): { compressed: Buffer; rawBytes: number } {
  const timeseries = shape.map((labels, index) => ({
    labels,
    samples: [{ value: ((index * 7919 + timestampMs) % 100_003) / 7, timestampMs }],
  }));
  const raw = protocol === '1' ? encodeWriteRequest({ timeseries }) : encodeWriteRequestV2({ timeseries });
  return { compressed: compressSnappy(raw), rawBytes: raw.length };
}
