import { createHealth, createLogger, createRegistry, type Registry } from '@cloudtuner/service-kit';
import { captureLog, parseOpenMetrics, waitFor, type OpenMetricsFamily } from '@cloudtuner/test-kit';
import { createApp } from '../app';
import { config } from '../config';

/** A running exporter. */
export interface ExporterHarness {
  readonly url: string;
  readonly registry: Registry;
  readonly logLines: readonly string[];
  /** What is scraped now, held against the format. */
  scrape(): Promise<Scrape>;
  stop(): Promise<void>;
}

/** One scrape. */
export interface Scrape {
  readonly families: readonly OpenMetricsFamily[];
  /** The samples of one metric, with these labels at least. */
  samples(name: string, labels?: Readonly<Record<string, string>>): OpenMetricsFamily['samples'];
  /** The value of the only sample there is; undefined without one. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

function scrapeOf(families: readonly OpenMetricsFamily[]): Scrape {
  const samples: Scrape['samples'] = (name, labels = {}) =>
    families
      .flatMap((family) => family.samples)
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value));
  return {
    families,
    samples,
    value: (name, labels) => {
      const [first, second] = samples(name, labels);
      if (second !== undefined) throw new Error(`${name} has more than one sample`);
      return first?.value;
    },
    sum: (name, labels) => samples(name, labels).reduce((sum, { value }) => sum + value, 0),
  };
}

/** Starts the service in this process on a free port, polling each second, with its own clock if one is given. */
export async function startExporterService(options: {
  readonly kubecostUrl: string;
  readonly nowMs?: () => number;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<ExporterHarness> {
  const { destination, lines: logLines } = captureLog();
  const logger = createLogger({ service: 'allocation-exporter', level: 'info', destination });
  const registry = createRegistry('allocation-exporter');
  const health = createHealth();
  const parsed = config.parse({
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
    KUBECOST_URL: options.kubecostUrl,
    POLL_INTERVAL_SECONDS: '1',
    CLOSED_HOUR_DWELL_SECONDS: '0',
    CLOSED_HOUR_LOOKBACK_HOURS: '2',
    ...options.env,
  });
  const { nowMs } = options;
  const app = createApp(parsed, { logger, registry, health, ...(nowMs === undefined ? {} : { nowMs }) });
  await app.start();
  health.setAccepting(true);
  const url = `http://127.0.0.1:${String(app.port)}`;
  return {
    url,
    registry,
    logLines,
    async scrape() {
      const response = await waitFor(
        async () => {
          const answer = await fetch(`${url}/metrics`, { headers: { Accept: 'application/openmetrics-text' } });
          return answer.status === 200 && answer;
        },
        { what: 'the first poll' },
      );
      return scrapeOf(await parseOpenMetrics(await response.text()));
    },
    stop: () => app.stop(),
  };
}
