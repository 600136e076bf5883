import { labelOf } from '../asset-index';
import { groupBy } from '../group-by';
import { msPerHour, type TimeWindow } from '../window';
import type { AssetSeries, Series } from '../series';
import { activeBetween, averageOver, subqueryTimes } from './promql';

/** The label sets of the samples that OpenCost's queries would return for a window. */
export class CompatWindow {
  private readonly byMetric: ReadonlyMap<string, readonly Series[]>;
  private readonly times: readonly number[];

  constructor(
    series: AssetSeries,
    readonly window: TimeWindow,
    readonly resolutionMs: number,
  ) {
    this.byMetric = groupBy(series, ({ labels }) => labels['__name__'] ?? '');
    this.times = subqueryTimes(window, resolutionMs);
  }

  /** `metric{…}` by the values of some labels, joined; groups without one of them are left out. */
  by(
    metric: string,
    labels: readonly string[],
    accept: (series: Series) => boolean = () => true,
  ): Map<string, Series[]> {
    const found = (this.byMetric.get(metric) ?? []).filter(accept);
    const groups = groupBy(found, (series) => {
      const values = labels.map((label) => labelOf(series, label));
      return values.includes('') ? '' : keyOf(...values);
    });
    groups.delete('');
    return groups;
  }

  /** `avg(avg_over_time(…))` of each group. */
  averages(groups: ReadonlyMap<string, readonly Series[]>): Map<string, number> {
    return new Map([...groups].map(([key, series]) => [key, averageOver(series, this.window)]));
  }

  /** From first to last point of the subquery at the resolution; one point stands for half a resolution to both sides. */
  lifetime(series: readonly Series[], isActive?: (value: number) => boolean): TimeWindow | undefined {
    const active = activeBetween(series, this.times, isActive);
    if (active === undefined || active.startMs < active.endMs) return active;
    const half = this.resolutionMs / 2;
    return { startMs: active.startMs - half, endMs: active.endMs + half };
  }
}

/** Names as one key, and back. */
export const keyOf = (...names: readonly string[]): string => JSON.stringify(names);
export const namesOf = (key: string): readonly string[] => JSON.parse(key) as string[];

export const hoursOf = ({ startMs, endMs }: TimeWindow): number => Math.max(0, endMs - startMs) / msPerHour;

/** Hours that two spans share. */
export function sharedHours(a: TimeWindow, b: TimeWindow): number {
  return hoursOf({ startMs: Math.max(a.startMs, b.startMs), endMs: Math.min(a.endMs, b.endMs) });
}
