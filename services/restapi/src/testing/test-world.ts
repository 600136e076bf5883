import { randomBytes } from 'node:crypto';
import { connectClickhouse, migrate, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { startFakeMetroculus, type FakeMetroculus } from './fake-metroculus';
import { clusterSecret, startRestapi, type HarnessStores, type RestapiHarness } from './restapi-harness';

/** Servers to test on, as the test-kit shares them. */
export interface TestServers {
  mongodbUrl(): Promise<string>;
  clickhouse(): Promise<{ readonly url: string; readonly username: string; readonly password: string }>;
  redisUrl(): Promise<string>;
}

/** A restapi with stores, databases and queues that no other test uses. */
export interface TestWorld {
  readonly harness: RestapiHarness;
  readonly clickhouse: ClickhouseClient;
  readonly metroculus: FakeMetroculus;
  readonly stores: HarnessStores;
  stop(): Promise<void>;
}

/** Starts one; the clock stands still at `nowMs`, or is `now`, when given. */
export async function startTestWorld(
  servers: TestServers,
  options: { nowMs?: number; now?: () => number; environment?: Readonly<Record<string, string>> } = {},
): Promise<TestWorld> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const address = { ...(await servers.clickhouse()), database: name };
  const clickhouse = connectClickhouse(address);
  await migrate(clickhouse);
  const metroculus = await startFakeMetroculus({ secret: clusterSecret });
  const { nowMs, now, environment } = options;
  const stores: HarnessStores = {
    mongodbUrl: await servers.mongodbUrl(),
    mongodbDatabase: name,
    clickhouse: address,
    redisUrl: await servers.redisUrl(),
    queuePrefix: name,
    metroculusUrl: metroculus.url,
    ...(environment === undefined ? {} : { environment }),
    ...(nowMs === undefined ? {} : { now: () => nowMs }),
    ...(now === undefined ? {} : { now }),
  };
  const harness = await startRestapi(stores);
  return {
    harness,
    clickhouse,
    metroculus,
    stores,
    async stop() {
      await harness.stop();
      await metroculus.close();
      await clickhouse.close();
    },
  };
}
