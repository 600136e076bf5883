export { createSampleCluster, type SampleCluster, type SampleClusterOptions } from './sample-cluster';
export type { ProfileName } from './profiles';
export type { Book, BookAsset, BookContainer, CostSplit } from './book';
export type { PriceBookRow } from './price-book';
export type { HistoryChunk, HistoryOptions, HistorySeries } from './history';
export type { Label, SeriesValue } from './series';
export { startExporter, type Exporter, type ExporterOptions } from './exporter';
export { sampleScrapeJob, type SampleScrapeJob } from './scrape-job';
