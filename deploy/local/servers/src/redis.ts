import { externalServer, type LocalServer, type StartOptions } from './local-server';
import { startManaged } from './managed-server';
import { readServers, requireServer, type Servers } from './servers-file';
import { exchange } from './tcp-exchange';

/** Starts Redis with an append-only file and `noeviction`, as BullMQ's queues need it. */
export async function startRedis(options: StartOptions & { servers?: Servers } = {}): Promise<LocalServer> {
  const program = requireServer(options.servers ?? readServers(), 'redis');
  if (program.kind === 'url') return externalServer('redis', program.url);
  return startManaged({
    name: 'redis',
    program,
    ports: { redis: options.port ?? 0 },
    mainPort: 'redis',
    imageCommand: ['redis-server'],
    args: ({ ports, dataDir, listenHost }) => [
      ...['--bind', listenHost, '--port', String(ports.redis), '--dir', dataDir, '--protected-mode', 'no'],
      ...['--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction', '--daemonize', 'no'],
    ],
    url: ({ redis }) => `redis://127.0.0.1:${redis}`,
    isReady: async ({ ports }) => (await exchange(ports.redis, Buffer.from('PING\r\n'))).toString().startsWith('+PONG'),
    options,
  });
}
