import type { Metadata } from '@cloudtuner/metadata';
import type { backfill, BackfillProgress, Producer } from '@cloudtuner/queues';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { isoOf } from '../domain/calendar';

/** Environment of a worker in a test: short locks, so that the work of a killed one is soon taken over. */
export function workerEnvironment(addresses: {
  readonly redisUrl: string;
  readonly prefix: string;
  readonly clickhouseUrl: string;
  readonly database: string;
  readonly mongodbUrl: string;
  readonly metroculusUrl: string;
  readonly secret: string;
}): Record<string, string> {
  return {
    REDIS_URL: addresses.redisUrl,
    QUEUE_PREFIX: addresses.prefix,
    CLICKHOUSE_URL: addresses.clickhouseUrl,
    CLICKHOUSE_DATABASE: addresses.database,
    MONGODB_URL: addresses.mongodbUrl,
    MONGODB_DATABASE: addresses.database,
    METROCULUS_URL: addresses.metroculusUrl,
    METROCULUS_TIMEOUT_SECONDS: '2',
    CLUSTER_SECRET: addresses.secret,
    LOCK_SECONDS: '1',
    PLAN_INTERVAL_SECONDS: '1',
    // Yesterday's hours can be touched.
    OUT_OF_ORDER_HOURS: '48',
    SHUTDOWN_DEADLINE_SECONDS: '10',
  };
}

/** A new Kubernetes account. */
export async function createAccount(metadata: Metadata): Promise<string> {
  const { account } = await metadata.cloudAccounts.create(randomUUID(), {
    type: 'kubernetes_cnr',
    name: `cluster ${randomUUID()}`,
    region: null,
    owner: null,
  });
  return account.id;
}

type BackfillPayload = z.infer<typeof backfill.payload>;
export type BackfillProducer = Producer<BackfillPayload, BackfillProgress>;

/** Asks for a backfill of `[from, to)`, unix seconds. */
export async function requestBackfill(
  producer: BackfillProducer,
  cloudAccountId: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<string> {
  return (await producer.enqueue({ cloudAccountId, fromHour: isoOf(from), toHour: isoOf(to) })).jobId;
}
