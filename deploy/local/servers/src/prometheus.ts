import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerNetwork } from './docker';
import { answersOk } from './http-probe';
import type { LocalServer, StartOptions } from './local-server';
import { startManaged } from './managed-server';
import { renderPrometheusConfig, type PrometheusConfig } from './prometheus-config';
import { readServers, requireServer, type Program, type Servers } from './servers-file';
import { thisProcess } from './this-process';

export interface PrometheusOptions extends StartOptions, PrometheusConfig {
  readonly servers?: Servers;
  /** `prometheus3` sends the `headers` of a remote write target. Default `prometheus`. */
  readonly binary?: 'prometheus' | 'prometheus3';
  /** Takes remote write at `writeUrl`. Default false. */
  readonly storeReceiver?: boolean;
  /** Names its log and temporary folder. Default `prometheus`. */
  readonly name?: string;
  /** How long it keeps samples. Default 30 days. */
  readonly retentionDays?: number;
}

export interface PrometheusServer extends LocalServer {
  /** Remote write, when it is a store. */
  readonly writeUrl: string;
  /** The base of its query API. */
  readonly queryUrl: string;
}

/** Starts a Prometheus: as a store, as a sender, or both. */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<PrometheusServer> {
  const program = requireServer(options.servers ?? readServers(), options.binary ?? 'prometheus');
  const { name = 'prometheus', retentionDays = 30 } = options;
  const network = senderNetwork(program, options);
  const server = await startManaged({
    name,
    program,
    ports: { web: options.port ?? 0 },
    mainPort: 'web',
    ...(network ? { network } : {}),
    args: ({ ports, dataDir, listenHost }) => {
      const configFile = join(dataDir, 'prometheus.yml');
      const dialect = { version3: isVersion3(program, options), ...(localHost(program) ?? {}) };
      writeFileSync(configFile, renderPrometheusConfig(options, dialect), { mode: 0o600 });
      return [
        `--config.file=${configFile}`,
        `--storage.tsdb.path=${join(dataDir, 'tsdb')}`,
        `--storage.tsdb.retention.time=${retentionDays}d`,
        `--web.listen-address=${listenHost}:${ports.web}`,
        '--log.level=warn',
        // Without the feature 2.x answers 500 to native histograms, and their sender tries for ever.
        ...(options.storeReceiver === true
          ? ['--web.enable-remote-write-receiver', '--web.enable-admin-api', '--enable-feature=native-histograms']
          : []),
      ];
    },
    url: ({ web }) => `http://127.0.0.1:${web}`,
    isReady: ({ ports }) => answersOk(`http://127.0.0.1:${ports.web}/-/ready`),
    options,
  });
  return Object.assign(server, { writeUrl: `${server.url}/api/v1/write`, queryUrl: server.url });
}

function isVersion3(program: Program, { binary }: PrometheusOptions): boolean {
  return binary === 'prometheus3' || program.kind === 'docker' || !/^v?2\./.test(program.version);
}

/** A sender in a container has to reach exporters and gateways of this machine. */
function senderNetwork(
  program: Program,
  { scrape = [], remoteWrite = [] }: PrometheusOptions,
): ContainerNetwork | undefined {
  if (program.kind !== 'docker' || !thisProcess.isLinux) return undefined;
  return scrape.length + remoteWrite.length > 0 ? { kind: 'host' } : undefined;
}

function localHost(program: Program): { localHost: string } | undefined {
  const hasItsOwn = program.kind === 'docker' && !thisProcess.isLinux;
  return hasItsOwn ? { localHost: 'host.docker.internal' } : undefined;
}
