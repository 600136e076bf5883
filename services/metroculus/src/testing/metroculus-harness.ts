import { createMetroculusClient, type MetroculusClient } from '@cloudtuner/metroculus-client';
import { createHealth, createLogger, createRegistry, type Registry } from '@cloudtuner/service-kit';
import { captureLog } from '@cloudtuner/test-kit';
import { createApp } from '../app';
import { config } from '../config';

export const clusterSecret = 'a-cluster-secret-for-tests';

/** A running instance. */
export interface Metroculus {
  readonly url: string;
  readonly client: MetroculusClient;
  readonly registry: Registry;
  readonly logLines: readonly string[];
  /** GET with the secret, unless other headers are given. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  stop(): Promise<void>;
}

/** Starts the service in this process on a free port, with its own clock if one is given. */
export async function startMetroculus(options: {
  readonly queryUrl: string;
  readonly nowMs?: () => number;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<Metroculus> {
  const { destination, lines: logLines } = captureLog();
  const logger = createLogger({ service: 'metroculus', level: 'info', destination });
  const registry = createRegistry('metroculus');
  const health = createHealth();
  const parsed = config.parse({
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
    CLUSTER_SECRET: clusterSecret,
    METRICS_QUERY_URL: options.queryUrl,
    ...options.env,
  });
  const { nowMs } = options;
  const app = createApp(parsed, { logger, registry, health, ...(nowMs === undefined ? {} : { nowMs }) });
  await app.start();
  health.setAccepting(true);
  const url = `http://127.0.0.1:${String(app.port)}`;
  const client = createMetroculusClient({ baseUrl: url, secret: clusterSecret, maxAttempts: 1 });
  return {
    url,
    client,
    registry,
    logLines,
    get: (path, headers = { Secret: clusterSecret }) => fetch(`${url}${path}`, { headers }),
    async stop() {
      client.close();
      await app.stop();
    },
  };
}
