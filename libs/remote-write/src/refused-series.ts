import type { RequestCounts } from './scan';
import type { SeriesView } from './series-view';
import type { SeriesRefusalCode } from './validate-series';

/** Series refused for one reason, with what they held. */
export interface Refusal {
  readonly code: SeriesRefusalCode;
  readonly series: number;
  /** Samples and native histograms. */
  readonly samples: number;
  /** The metric name of the first of them, when it has one. */
  readonly example: string | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Counts the series that are left out. */
export class RefusedSeries {
  private readonly byCode = new Map<SeriesRefusalCode, Mutable<Refusal>>();
  private readonly counts: Mutable<RequestCounts> = { series: 0, samples: 0, histograms: 0, exemplars: 0, metadata: 0 };

  add(series: SeriesView, code: SeriesRefusalCode): void {
    const { counts } = this;
    const samples = series.sampleCount + series.histogramCount;
    counts.series += 1;
    counts.samples += series.sampleCount;
    counts.histograms += series.histogramCount;
    counts.exemplars += series.exemplarCount;
    if (series.hasMetadata) counts.metadata += 1;
    const known = this.byCode.get(code);
    if (known === undefined) this.byCode.set(code, { code, series: 1, samples, example: series.metricName() });
    else {
      known.series += 1;
      known.samples += samples;
    }
  }

  /** One entry a reason, in the order of appearance. */
  get refusals(): readonly Refusal[] {
    return [...this.byCode.values()];
  }

  /** What is left of a request. */
  acceptedOf(received: RequestCounts): RequestCounts {
    const { counts } = this;
    return {
      series: received.series - counts.series,
      samples: received.samples - counts.samples,
      histograms: received.histograms - counts.histograms,
      exemplars: received.exemplars - counts.exemplars,
      metadata: received.metadata - counts.metadata,
    };
  }
}
