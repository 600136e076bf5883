/** How to scrape an exporter, in the form that `startPrometheus` of `@cloudtuner/local-servers` takes. */
export interface SampleScrapeJob {
  readonly job: string;
  readonly targets: readonly string[];
  readonly honorLabels: true;
}

/**
 * The scrape job for an exporter at `host:port`.
 *
 * The cluster's series carry the `job` and `instance` of the exporters that they stand for. With `honor_labels` a scrape
 * keeps these, so that live samples continue the very series that the history began.
 */
export function sampleScrapeJob(target: string): SampleScrapeJob {
  return { job: 'sample-cluster', targets: [target], honorLabels: true };
}
