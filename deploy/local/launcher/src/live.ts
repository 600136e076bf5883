import { join } from 'node:path';
import { startPrometheus, type PrometheusServer } from '@cloudtuner/local-servers';
import { startExporter, type Exporter, type SampleCluster } from '@cloudtuner/sample-cluster';
import type { StopStack } from './stop-stack';

/** A sample cluster that runs: its exporter and the Prometheus that scrapes it and pushes. */
export interface LiveCluster {
  readonly exporter: Exporter;
  readonly prometheus: PrometheusServer;
}

export interface LiveClusterOptions {
  readonly cluster: SampleCluster;
  readonly diproxyUrl: string;
  readonly account: { readonly write_username: string; readonly write_password: string };
  readonly scrapeIntervalSeconds: number;
  /** `prometheus3` names the account by the header, Debian's `prometheus` cannot and names it by its user name. */
  readonly sender: 'prometheus' | 'prometheus3';
  readonly dataDir?: string;
}

/** Starts a sample cluster's exporter and a real Prometheus that scrapes it and pushes to the gateway. */
export async function startLiveCluster(options: LiveClusterOptions, running: StopStack): Promise<LiveCluster> {
  const { cluster, account, sender, dataDir } = options;
  const { write_username: username, write_password: password } = account;
  const exporter = await startExporter({ cluster, host: '127.0.0.1', port: 0 });
  running.add({ name: `${cluster.name} exporter`, stop: () => exporter.stop() });
  const prometheus = running.add(
    await startPrometheus({
      ...(dataDir === undefined ? {} : { dataDir: join(dataDir, `${cluster.name}-prometheus`) }),
      name: `${cluster.name}-prometheus`,
      binary: sender,
      scrapeIntervalSeconds: options.scrapeIntervalSeconds,
      scrape: [{ job: 'sample-cluster', targets: [`127.0.0.1:${String(exporter.port)}`], honorLabels: true }],
      remoteWrite: [
        {
          url: `${options.diproxyUrl}/storage/api/v2/write`,
          username,
          password,
          ...(sender === 'prometheus3' ? { headers: { 'Cloud-Account-Id': username } } : {}),
        },
      ],
    }),
  );
  return { exporter, prometheus };
}
