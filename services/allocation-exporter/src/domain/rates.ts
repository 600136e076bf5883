import { kubecostOther, type KubecostResource } from '@cloudtuner/cost-model';
import type { ExportedRow } from './exported-row';

/** What a pod costs an hour at present. */
export interface PodRate {
  readonly clusterId: string;
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  readonly controllerKind: string;
  readonly controller: string;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly hourlyCosts: Readonly<Partial<Record<KubecostResource, number>>>;
}

const msPerMinute = 60_000;
const minutesPerHour = 60;
// OpenCost looks at pods every 5 minutes: one that ended longer ago than two looks does not run any more.
const currentWithinMs = 10 * msPerMinute;
// Before this a row has one look or none, and its cost per minute is a guess.
const minMeasuredMs = 5 * msPerMinute;

/**
 * The pods that run, at their mean cost of the running hour; undefined while the hour is too young to tell. A pod that
 * has ended in this hour has a cost, but no rate any more.
 */
export function podRatesOf(hour: {
  readonly startMs: number;
  readonly rows: readonly ExportedRow[];
}): PodRate[] | undefined {
  const latestMs = hour.rows.reduce((latest, { endMs }) => Math.max(latest, endMs ?? -Infinity), -Infinity);
  if (latestMs - hour.startMs < minMeasuredMs) return undefined;
  const pods = new Map<string, PodRate & { hourlyCosts: Partial<Record<KubecostResource, number>> }>();
  for (const row of hour.rows) {
    const isCurrent = row.endMs !== null && latestMs - row.endMs <= currentWithinMs;
    if (!isCurrent || row.minutes <= 0 || row.pod === kubecostOther) continue;
    const { clusterId, namespace, pod, node, controllerKind, controller, podLabels } = row;
    const key = `${clusterId}\0${namespace}\0${pod}\0${node}`;
    const rate = pods.get(key) ?? {
      clusterId,
      namespace,
      pod,
      node,
      controllerKind,
      controller,
      podLabels,
      hourlyCosts: {},
    };
    pods.set(key, rate);
    for (const [resource, cost] of Object.entries(row.costs) as [KubecostResource, number][]) {
      rate.hourlyCosts[resource] = (rate.hourlyCosts[resource] ?? 0) + (cost / row.minutes) * minutesPerHour;
    }
  }
  return [...pods.values()];
}
