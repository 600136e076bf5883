import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import type { KubecostClients } from '@cloudtuner/kubecost-client';
import type { Metadata } from '@cloudtuner/metadata';
import type { MetroculusClient } from '@cloudtuner/metroculus-client';
import type { ProducerOptions } from '@cloudtuner/queues';
import type { TouchedHours } from '@cloudtuner/touched-hours';
import { createRedisLocks, type RedisLocks } from '../adapters/redis/redis-locks';
import { clickhouseOf, kubecostsOf, metadataOf, metroculusOf, touchedHoursOf } from '../clients';
import type { Config } from '../config';
import type { ExtractMetrics } from '../extract-metrics';

/** Clients of all that the worker asks but its queues; each part of it takes what it uses of them. */
export interface Connections {
  readonly clickhouse: ClickhouseClient;
  readonly metadata: Metadata;
  readonly metroculus: MetroculusClient;
  readonly kubecosts: KubecostClients;
  readonly touched: TouchedHours;
  readonly locks: RedisLocks;
  close(): Promise<void>;
}

/** Opens them as configured; none of them has to be there. */
export function connect(config: Config, queues: ProducerOptions, extractMetrics: ExtractMetrics): Connections {
  const clickhouse = clickhouseOf(config);
  const metadata = metadataOf(config);
  const metroculus = metroculusOf(config);
  const kubecosts = kubecostsOf(config, extractMetrics);
  const touched = touchedHoursOf(config);
  const locks = createRedisLocks({ ...queues, ttlMs: config.LOCK_SECONDS * 1_000 });
  return {
    ...{ clickhouse, metadata, metroculus, kubecosts, touched, locks },
    async close() {
      locks.close();
      touched.close();
      metroculus.close();
      await Promise.all([clickhouse.close(), metadata.close(), kubecosts.close()]);
    },
  };
}
