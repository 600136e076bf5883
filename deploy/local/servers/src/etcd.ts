import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { answersOk } from './http-probe';
import type { LocalServer, StartOptions } from './local-server';
import { startManaged } from './managed-server';
import { readServers, requireServer, type Servers } from './servers-file';

export interface EtcdOptions extends StartOptions {
  readonly servers?: Servers;
  /** PEM files; with them it speaks TLS, and with a CA it asks for client certificates. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly clientCaFile?: string };
}

/** Starts a cluster of one etcd. */
export async function startEtcd(options: EtcdOptions = {}): Promise<LocalServer> {
  const program = requireServer(options.servers ?? readServers(), 'etcd');
  const { tls } = options;
  const scheme = tls === undefined ? 'http' : 'https';
  return startManaged<'client' | 'peer' | 'metrics'>({
    name: 'etcd',
    program,
    ports: { client: options.port ?? 0, peer: 0, metrics: 0 },
    mainPort: 'client',
    imageCommand: ['etcd'],
    args: ({ ports, dataDir, listenHost }) => {
      mkdirSync(join(dataDir, 'etcd'), { recursive: true, mode: 0o700 });
      const peer = `http://127.0.0.1:${ports.peer}`;
      return [
        ...['--name', 'one', '--data-dir', join(dataDir, 'etcd'), '--logger', 'zap'],
        ...['--listen-client-urls', `${scheme}://${listenHost}:${ports.client}`],
        ...['--advertise-client-urls', `${scheme}://127.0.0.1:${ports.client}`],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `one=${peer}`],
        ...['--listen-metrics-urls', `http://${listenHost}:${ports.metrics}`],
        // A busy machine is no reason to elect anew.
        ...['--heartbeat-interval', '500', '--election-timeout', '5000'],
        ...(tls === undefined ? [] : ['--cert-file', tls.certFile, '--key-file', tls.keyFile]),
        ...(tls?.clientCaFile === undefined ? [] : ['--client-cert-auth', '--trusted-ca-file', tls.clientCaFile]),
      ];
    },
    url: ({ client }) => `${scheme}://127.0.0.1:${client}`,
    isReady: ({ ports }) => answersOk(`http://127.0.0.1:${ports.metrics}/health`),
    options,
  });
}
