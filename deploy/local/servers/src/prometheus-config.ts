/** A set of exporters to scrape. */
export interface ScrapeJob {
  readonly job: string;
  /** `host:port` each. */
  readonly targets: readonly string[];
  /** Default `/metrics`. */
  readonly metricsPath?: string;
  /** Default: the interval of the whole server. */
  readonly intervalSeconds?: number;
  /** Keep a scraped label where it collides with one of the target's. */
  readonly honorLabels?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Where scraped samples are pushed. */
export interface RemoteWriteTarget {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Debian's Prometheus 2.42 drops these silently: only `prometheus3` sends them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `io.prometheus.write.v2.Request` makes a Prometheus 3 push by Remote Write 2.0. */
  readonly protobufMessage?: string;
  readonly retryOnHttp429?: boolean;
  /** How long a batch waits to be full. Default 1 s, for freshness. */
  readonly batchDeadlineSeconds?: number;
}

export interface PrometheusConfig {
  /** Default 15 s. */
  readonly scrapeIntervalSeconds?: number;
  readonly scrape?: readonly ScrapeJob[];
  readonly remoteWrite?: readonly RemoteWriteTarget[];
  readonly externalLabels?: Readonly<Record<string, string>>;
}

/** How late a sample may come: the same on every store of this system. */
export const outOfOrderWindow = '12h';

/**
 * The configuration file, as JSON, which is YAML too.
 *
 * `version3` says that the reader knows the fields of Prometheus 3; `localHost` is what 127.0.0.1 is called where it runs.
 */
export function renderPrometheusConfig(
  config: PrometheusConfig,
  { version3, localHost = '127.0.0.1' }: { version3: boolean; localHost?: string },
): string {
  const reach = (address: string): string => address.replace('127.0.0.1', localHost);
  const document = {
    global: {
      scrape_interval: seconds(config.scrapeIntervalSeconds ?? 15),
      external_labels: config.externalLabels ?? {},
    },
    storage: { tsdb: { out_of_order_time_window: outOfOrderWindow } },
    scrape_configs: (config.scrape ?? []).map((job) => ({
      job_name: job.job,
      honor_labels: job.honorLabels ?? false,
      metrics_path: job.metricsPath ?? '/metrics',
      ...(job.intervalSeconds === undefined ? {} : intervals(job.intervalSeconds)),
      ...(version3 ? { fallback_scrape_protocol: 'PrometheusText0.0.4' } : {}),
      static_configs: [{ targets: job.targets.map(reach), labels: job.labels ?? {} }],
    })),
    remote_write: (config.remoteWrite ?? []).map((target) => ({
      url: reach(target.url),
      ...(target.username === undefined
        ? {}
        : { basic_auth: { username: target.username, password: target.password ?? '' } }),
      ...(target.headers === undefined ? {} : { headers: target.headers }),
      ...(target.protobufMessage === undefined ? {} : { protobuf_message: target.protobufMessage }),
      queue_config: {
        batch_send_deadline: seconds(target.batchDeadlineSeconds ?? 1),
        retry_on_http_429: target.retryOnHttp429 ?? true,
      },
    })),
  };
  return JSON.stringify(document, undefined, 2);
}

function intervals(intervalSeconds: number): { scrape_interval: string; scrape_timeout: string } {
  return { scrape_interval: seconds(intervalSeconds), scrape_timeout: seconds(Math.min(10, intervalSeconds)) };
}

function seconds(count: number): string {
  return `${String(Math.max(1, Math.round(count * 1000)))}ms`;
}
