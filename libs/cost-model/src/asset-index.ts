import type { DataQualityFlag } from './asset-fact';
import { groupBy } from './group-by';
import { mergeSamples, stepFunction, stepFunctionOf, type StepFunction } from './intervals';
import { BookPrices, type PriceBook } from './price-book';
import type { AllocationMetricName, AssetSeries, Series } from './series';
import { areWithin, type ValueRange } from './value-range';
import type { TimeWindow } from './window';

/** Order by UTF-16 code units: the same everywhere, unlike a locale's. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * A label of the exporter. A scrape without `honor_labels` renames it to `exported_<name>` where the target has one of
 * the same name, and the plain name then tells of the exporter's own pod.
 */
export function labelOf(series: Series, ...names: readonly string[]): string {
  for (const name of names) {
    const text = series.labels[`exported_${name}`] ?? series.labels[name] ?? '';
    if (text !== '') return text;
  }
  return '';
}

function lastSampleMs({ timestampsMs }: Series, endMs: number): number {
  let last = -1;
  for (const timestampMs of timestampsMs) if (timestampMs <= endMs && timestampMs > last) last = timestampMs;
  return last;
}

/** The label set as a text that does not depend on the order of its labels. */
const canonicalText = ({ labels }: Series): string =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => byText(a, b)));

function overlapInTime(series: readonly Series[]): boolean {
  if (series.length < 2) return false;
  const spans = series
    .filter(({ timestampsMs }) => timestampsMs.length > 0)
    .map(({ timestampsMs }) => ({
      first: timestampsMs.reduce((first, timestampMs) => Math.min(first, timestampMs), Infinity),
      last: timestampsMs.reduce((last, timestampMs) => Math.max(last, timestampMs), -Infinity),
    }))
    .sort((a, b) => a.first - b.first);
  return spans.some(({ first }, index) => first <= (spans[index - 1]?.last ?? -Infinity));
}

/** One series per label set, the one that began first in front; the order does not depend on how they came in. */
export function leadingFirst(series: readonly Series[]): readonly Series[] {
  if (series.length === 1) return series;
  return [...groupBy(series, canonicalText)]
    .map(([text, parts]) => ({
      text,
      labels: parts[0]?.labels ?? {},
      timestampsMs: parts.flatMap(({ timestampsMs }) => timestampsMs),
      values: parts.flatMap(({ values }) => values),
    }))
    .map((merged) => ({ ...merged, firstMs: merged.timestampsMs.reduce((a, b) => Math.min(a, b), Infinity) }))
    .sort((a, b) => a.firstMs - b.firstMs || byText(a.text, b.text));
}

/** The series of one window by metric, with what was found wrong with them on the way. */
export class AssetIndex {
  readonly flags = new Set<DataQualityFlag>();
  /** Prices that stand above or beside the exporter's. */
  readonly book: BookPrices | undefined;
  private readonly byMetric: ReadonlyMap<string, readonly Series[]>;

  constructor(
    series: AssetSeries,
    readonly window: TimeWindow,
    book?: PriceBook,
  ) {
    this.book = book === undefined ? undefined : new BookPrices(book, window);
    this.byMetric = groupBy(series, ({ labels }) => labels['__name__'] ?? '');
  }

  seriesOf(metric: AllocationMetricName): readonly Series[] {
    return this.byMetric.get(metric) ?? [];
  }

  /** Series of a metric by asset; those without a key are left out. */
  group(metric: AllocationMetricName, keyOf: (series: Series) => string): ReadonlyMap<string, readonly Series[]> {
    const groups = groupBy(this.seriesOf(metric), keyOf);
    groups.delete('');
    if ([...groups.values()].some(overlapInTime)) this.flags.add('duplicate-series');
    return groups;
  }

  /** What is known of one quantity; values that cannot be one are as if they had not been sent, and flagged. */
  known(series: readonly Series[], range: ValueRange): StepFunction {
    if (series.some(({ values }) => !areWithin(values, range))) this.flags.add('invalid-sample');
    return stepFunctionOf(series, range, this.window);
  }

  /** When an asset was seen at all, whatever the values were. */
  presence(series: readonly Series[]): StepFunction {
    return stepFunction(
      mergeSamples(series, null).map(({ timestampMs }) => ({ timestampMs, value: 1 })),
      this.window,
    );
  }

  /** True when any series of the metric was observed inside the window: two samples at most 5 minutes apart. */
  isPresent(metric: AllocationMetricName): boolean {
    return this.seriesOf(metric).some((one) => this.presence([one]).length > 0);
  }

  /** The series with the latest sample up to the window's end first; ties in the order of their labels. */
  latestFirst(series: readonly Series[]): readonly Series[] {
    if (series.length < 2) return series;
    const { endMs } = this.window;
    return series
      .map((one) => ({ one, lastMs: lastSampleMs(one, endMs), text: canonicalText(one) }))
      .sort((a, b) => b.lastMs - a.lastMs || byText(a.text, b.text))
      .map(({ one }) => one);
  }

  /** The latest sample inside the window, of any series; null when there is none. */
  lastSampleMs(): number | null {
    const { startMs, endMs } = this.window;
    let last = -1;
    // Series of one target often share their times.
    let looked: Series['timestampsMs'] | undefined;
    for (const group of this.byMetric.values()) {
      for (const one of group) {
        if (one.timestampsMs !== looked) last = Math.max(last, lastSampleMs(one, endMs));
        looked = one.timestampsMs;
      }
    }
    return last < startMs ? null : last;
  }
}

/** The first of the labels that any of the series has, in the order of the series. */
export function firstLabel(series: readonly Series[], ...names: readonly string[]): string {
  for (const one of series) {
    const text = labelOf(one, ...names);
    if (text !== '') return text;
  }
  return '';
}
