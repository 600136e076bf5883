import type { Label } from '@cloudtuner/remote-write';
import type { MetricName } from './metric-families';

export type { Label };

/** A series and its value at one instant. */
export interface SeriesValue {
  /** Sorted bytewise by name, `__name__` first; never with an empty value. */
  readonly labels: readonly Label[];
  readonly value: number;
}

/** From when to when a series exists. */
export interface SeriesLife {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A series: a label set, a life, and a value that is a function of time alone. */
export interface Series extends SeriesLife {
  readonly labels: readonly Label[];
  readonly value: number | ((tMs: number) => number);
}

/** The value of a series at an instant of its life. */
export function valueOf(series: Series, tMs: number): number {
  return typeof series.value === 'number' ? series.value : series.value(tMs);
}

/** Who exposes a metric: these become the labels `job` and `instance`, which a scrape with `honor_labels` keeps. */
export interface MetricSource {
  readonly job: string;
  readonly instance: string;
}

export const openCost = (instance = 'kubecost-cost-analyzer:9003'): MetricSource => ({ job: 'kubecost', instance });
export const kubeStateMetrics: MetricSource = { job: 'kube-state-metrics', instance: 'kube-state-metrics:8080' };
export const cAdvisor = (node: string): MetricSource => ({ job: 'kubernetes-nodes-cadvisor', instance: node });
export const kubelet = (node: string): MetricSource => ({ job: 'kubernetes-nodes', instance: node });
export const networkCosts = (nodeIp: string): MetricSource => ({
  job: 'kubecost-networking',
  instance: `${nodeIp}:3001`,
});

/** Adds one series. */
export type AddSeries = (
  source: MetricSource,
  name: MetricName,
  labels: Readonly<Record<string, string>>,
  value: Series['value'],
) => void;

const byName = (left: Label, right: Label): number => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0);

/** Collects series of one cluster. `during(life)` gives a function that adds series with that life. */
export class SeriesCollector {
  readonly series: Series[] = [];

  constructor(private readonly clusterId: string) {}

  during(life: SeriesLife): AddSeries {
    const { fromMs, toMs } = life;
    return (source, name, labels, value) => {
      const all = { __name__: name, cluster_id: this.clusterId, ...source, ...labels };
      const sorted = Object.entries(all).map(([label, text]): Label => ({ name: label, value: text }));
      this.series.push({ labels: sorted.sort(byName), fromMs, toMs, value });
    };
  }
}

/** The Kubernetes labels of an object as kube-state-metrics writes them: `app.kubernetes.io/name` → `label_app_kubernetes_io_name`. */
export function labelled(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [`label_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`, value]),
  );
}
