import { createBook, type Book } from './book';
import { createClusterModel, type ClusterModel } from './cluster-model';
import { historyOf, type HistoryChunk, type HistoryOptions } from './history';
import { priceBookOf, type PriceBookRow } from './price-book';
import type { ClusterProfile } from './profile';
import { profiles, type ProfileName } from './profiles';
import { addClusterSeries } from './series-cluster';
import { addPodSeries } from './series-pods';
import { createScrapedBook, type ScrapedBook } from './scraped-book';
import type { ScrapeTimes } from './scrape-grid';
import { SeriesCollector, valueOf, type Series, type SeriesValue } from './series';
import type { Pod } from './pods';

/** Monday 2024-01-01 00:00Z: long before anybody's history, so that counters never begin inside it. */
const DEFAULT_EPOCH_MS = Date.UTC(2024, 0, 1);

export interface SampleClusterOptions {
  /** The same seed, profile and start give the same cluster, to the last sample. */
  readonly seed: number;
  readonly name: string;
  /** Value of the `cluster_id` label. */
  readonly clusterId: string;
  readonly profile: ProfileName;
  /** The cluster's first instant, a whole UTC hour; default 2024-01-01 00:00Z. */
  readonly startMs?: number;
  /** Multiplies nodes and replicas; default 1. */
  readonly sizeFactor?: number;
}

/** A cluster that is a pure function of its options and time. */
export interface SampleCluster {
  readonly name: string;
  readonly clusterId: string;
  readonly seed: number;
  readonly provider: 'AWS' | 'GCP';
  readonly region: string;
  readonly startMs: number;
  /** What it really costs. */
  readonly book: Book;
  /** What scrapes at these times can know of it. @throws RangeError for times that cannot be. */
  bookAsScraped(times: ScrapeTimes): ScrapedBook;
  /** What it costs per unit. */
  readonly priceBook: readonly PriceBookRow[];
  /** Every series that exists at an instant, with its value: what a scrape at that instant gives. */
  seriesAt(tMs: number): Iterable<SeriesValue>;
  /** What scrapes at the instants of a grid would have given, as write requests in order of time. */
  history(options: HistoryOptions): Iterable<HistoryChunk>;
}

function standingSeries(model: ClusterModel): readonly Series[] {
  const collector = new SeriesCollector(model.clusterId);
  addClusterSeries(collector.during({ fromMs: model.epochMs, toMs: Infinity }), model);
  for (const pod of model.standingPods) addPodSeries(collector, pod);
  return collector.series;
}

/** Makes a cluster of any profile. */
export function createClusterOfProfile(
  profile: ClusterProfile,
  options: Omit<SampleClusterOptions, 'profile'>,
): SampleCluster {
  const { name, clusterId, seed, startMs = DEFAULT_EPOCH_MS, sizeFactor = 1 } = options;
  const model = createClusterModel({ profile, name, clusterId, seed, epochMs: startMs, sizeFactor });
  const standing = standingSeries(model);
  const seriesOfPod = new WeakMap<Pod, readonly Series[]>();

  const passingSeries = (pod: Pod): readonly Series[] => {
    const known = seriesOfPod.get(pod);
    if (known !== undefined) return known;
    const collector = new SeriesCollector(clusterId);
    addPodSeries(collector, pod);
    seriesOfPod.set(pod, collector.series);
    return collector.series;
  };
  function* seriesBetween(fromMs: number, toMs: number): Generator<Series> {
    yield* standing;
    for (const pod of model.passingPods(fromMs, toMs)) yield* passingSeries(pod);
  }
  function* seriesAt(tMs: number): Generator<SeriesValue> {
    for (const series of seriesBetween(tMs, tMs + 1)) {
      if (tMs >= series.fromMs && tMs < series.toMs) yield { labels: series.labels, value: valueOf(series, tMs) };
    }
  }

  return {
    name,
    clusterId,
    seed,
    provider: profile.platform.provider,
    region: profile.platform.region,
    startMs,
    book: createBook(model),
    bookAsScraped: (times) => createScrapedBook(model, times),
    priceBook: priceBookOf(model),
    seriesAt,
    history: (historyOptions) => historyOf(seriesBetween, historyOptions),
  };
}

/**
 * Makes one of the two sample clusters.
 *
 * @throws RangeError when `startMs` is not a whole UTC hour, or `sizeFactor` is not above 0.
 */
export function createSampleCluster(options: SampleClusterOptions): SampleCluster {
  return createClusterOfProfile(profiles[options.profile], options);
}
