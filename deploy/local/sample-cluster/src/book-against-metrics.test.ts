import { createSampleCluster, type SampleCluster } from './sample-cluster';

/**
 * Prices the metrics alone, the way a reader of them would: a sample holds until the next one of its series, a counter
 * moves linearly between two samples. The book does not know of any of this.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const GIB = 1024 ** 3;
const WEDNESDAY_MS = Date.UTC(2026, 8, 16);
const MONDAY_MS = Date.UTC(2026, 8, 14);

interface Sampled {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: { readonly timestampMs: number; readonly value: number }[];
}
interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

function read(cluster: SampleCluster, window: Window, phaseMs: number): Map<string, Sampled[]> {
  const bySeries = new Map<string, Sampled>();
  const span = { startMs: window.startMs - 2 * MINUTE_MS + phaseMs, endMs: window.endMs + 2 * MINUTE_MS };
  for (const { timeseries } of cluster.history(span)) {
    for (const { labels, samples } of timeseries) {
      const key = JSON.stringify(labels);
      const named = Object.fromEntries(labels.map(({ name, value }) => [name, value]));
      const series = bySeries.get(key) ?? { labels: named, samples: [] };
      series.samples.push(...samples.filter((sample) => sample.valueBits === undefined));
      bySeries.set(key, series);
    }
  }
  const byMetric = new Map<string, Sampled[]>();
  for (const series of bySeries.values()) {
    const name = series.labels.__name__ ?? '';
    byMetric.set(name, [...(byMetric.get(name) ?? []), series]);
  }
  return byMetric;
}

/** Adds up f(sample, next sample, share of the interval that lies in the window). */
function fold(
  { samples }: Sampled,
  { startMs, endMs }: Window,
  worth: (interval: { from: number; to: number; insideMs: number; share: number }) => number,
): number {
  let total = 0;
  for (const [index, next] of samples.entries()) {
    const sample = samples[index - 1];
    if (sample === undefined) continue;
    const insideMs = Math.min(next.timestampMs, endMs) - Math.max(sample.timestampMs, startMs);
    if (insideMs <= 0) continue;
    const share = insideMs / (next.timestampMs - sample.timestampMs);
    total += worth({ from: sample.value, to: next.value, insideMs, share });
  }
  return total;
}

function pricedFromMetrics(cluster: SampleCluster, window: Window, phaseMs: number) {
  const metrics = read(cluster, window, phaseMs);
  const all = (name: string): Sampled[] => metrics.get(name) ?? [];
  const hourly = (name: string, quantityOf: (labels: Sampled['labels']) => number): number =>
    all(name).reduce(
      (sum, series) =>
        sum + quantityOf(series.labels) * fold(series, window, ({ from, insideMs }) => (from * insideMs) / HOUR_MS),
      0,
    );
  const constant = (name: string, where: Readonly<Record<string, string | undefined>>): number =>
    all(name).find(({ labels }) => Object.entries(where).every(([label, value]) => labels[label] === value))?.samples[0]
      ?.value ?? NaN;
  const capacity = (resource: string) => (labels: Sampled['labels']) =>
    constant('kube_node_status_capacity', { node: labels.node, resource });
  const egress = (price: string, where: Readonly<Record<string, string>>): number =>
    all('kubecost_pod_network_egress_bytes_total')
      .filter(({ labels }) => Object.entries(where).every(([label, value]) => labels[label] === value))
      .reduce((sum, series) => sum + fold(series, window, ({ from, to, share }) => (to - from) * share), 0) *
    (constant(price, {}) / GIB);
  return {
    cpu: hourly('node_cpu_hourly_cost', capacity('cpu')),
    ram: hourly('node_ram_hourly_cost', (labels) => capacity('memory')(labels) / GIB),
    gpu: hourly('node_gpu_hourly_cost', (labels) => constant('node_gpu_count', { node: labels.node })),
    pv: hourly(
      'pv_hourly_cost',
      ({ persistentvolume }) => constant('kube_persistentvolume_capacity_bytes', { persistentvolume }) / GIB,
    ),
    network:
      egress('kubecost_network_zone_egress_cost', { internet: 'false', same_region: 'true', same_zone: 'false' }) +
      egress('kubecost_network_region_egress_cost', { internet: 'false', same_region: 'false' }) +
      egress('kubecost_network_internet_egress_cost', { internet: 'true' }),
    loadBalancer: hourly('kubecost_load_balancer_cost', () => 1),
    management: hourly('kubecost_cluster_management_cost', () => 1),
  };
}

function differences(cluster: SampleCluster, window: Window, phaseMs: number): number[] {
  const priced = pricedFromMetrics(cluster, window, phaseMs);
  const book = cluster.book.costBetween(window.startMs, window.endMs);
  return Object.entries(priced).map(([part, dollars]) =>
    Math.abs(dollars - Number(book[part as keyof typeof priced]) / 1e9),
  );
}

describe.each(['shop', 'research'] as const)('the metrics of the %s cluster', (profile) => {
  const cluster = createSampleCluster({ seed: 2, name: profile, clusterId: profile, profile });

  it('are worth what the book says within 0.000001 $, for hours of samples on the whole minute', () => {
    for (let startMs = WEDNESDAY_MS; startMs < WEDNESDAY_MS + DAY_MS; startMs += 5 * HOUR_MS) {
      const window = { startMs, endMs: startMs + HOUR_MS };
      expect(Math.max(...differences(cluster, window, 0))).toBeLessThan(1e-6);
    }
  });

  it('are worth what the book says within 0.000001 $ for a whole day', () => {
    const window = { startMs: WEDNESDAY_MS, endMs: WEDNESDAY_MS + DAY_MS };
    expect(Math.max(...differences(cluster, window, 0))).toBeLessThan(1e-6);
  });

  it('are within 0.2 cent of the book when samples lie anywhere in the minute, even as the spot price and the week change', () => {
    for (const phaseMs of [1, 17_250, 30_000, 59_999]) {
      // The first hour of a week: a new spot price, and the largest step in traffic.
      for (const startMs of [MONDAY_MS - HOUR_MS, MONDAY_MS, MONDAY_MS + 6 * HOUR_MS]) {
        const parts = differences(cluster, { startMs, endMs: startMs + HOUR_MS }, phaseMs);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThan(0.002);
      }
    }
  });
});
