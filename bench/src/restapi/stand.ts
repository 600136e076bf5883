import { randomUUID } from 'node:crypto';
import { connectClickhouse, migrate } from '@cloudtuner/clickhouse';
import { startClickhouse, startMongo, startRedis, startService, type LocalService } from '@cloudtuner/local-servers';
import { createRestapiClient, type RestapiClient } from '@cloudtuner/restapi-client';

/** The secret of all services of a stand. */
export const standSecret = 'a cluster secret of a benchmark';

/** restapi with stores of its own, and an organization in it. */
export interface Stand {
  readonly restapi: LocalService;
  readonly clickhouse: { readonly url: string; readonly username: string; readonly password: string };
  /** Of ClickHouse. */
  readonly clickhousePid: number | undefined;
  /** As the organization's owner. */
  readonly api: RestapiClient;
  readonly token: string;
  readonly organizationId: string;
  /** Where its stores are, for other services beside it. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The database of a stand. */
export const standDatabase = 'bench';

async function signUp(baseUrl: string): Promise<Pick<Stand, 'api' | 'token' | 'organizationId'>> {
  const anybody = createRestapiClient({ baseUrl, secret: standSecret });
  const owner = { email: 'owner@example.org', password: randomUUID() };
  const { id } = await anybody.createOrganization({
    body: { name: 'Bench', owner: { ...owner, display_name: 'Owner' } },
  });
  const { token } = await anybody.createToken({ body: owner });
  return {
    api: createRestapiClient({ baseUrl, token: () => token, timeoutMs: 600_000 }),
    token,
    organizationId: id,
  };
}

/** Starts it; unless the environment says otherwise, nothing listens where it looks for metroculus. */
export async function startStand(environment: Readonly<Record<string, string>> = {}): Promise<Stand> {
  const [clickhouse, mongo, redis] = await Promise.all([startClickhouse(), startMongo(), startRedis()]);
  const client = connectClickhouse({ ...clickhouse, database: standDatabase });
  await migrate(client);
  await client.close();
  const stores = {
    CLUSTER_SECRET: standSecret,
    MONGODB_URL: mongo.url,
    CLICKHOUSE_URL: clickhouse.url,
    CLICKHOUSE_USERNAME: clickhouse.username,
    ...(clickhouse.password === '' ? {} : { CLICKHOUSE_PASSWORD: clickhouse.password }),
    CLICKHOUSE_DATABASE: standDatabase,
    REDIS_URL: redis.url,
  };
  const restapi = await startService('restapi', {
    ...stores,
    METROCULUS_URL: 'http://127.0.0.1:1',
    ...environment,
  });
  const { url, username, password, pid } = clickhouse;
  return {
    restapi,
    clickhouse: { url, username, password },
    clickhousePid: pid,
    ...(await signUp(restapi.url)),
    environment: stores,
    async stop() {
      for (const server of [restapi, redis, mongo, clickhouse]) await server.stop();
    },
  };
}
