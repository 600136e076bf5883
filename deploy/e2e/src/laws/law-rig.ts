import { randomUUID } from 'node:crypto';
import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import type { Series } from '@cloudtuner/cost-model';
import type { StoreKind } from '@cloudtuner/launcher';
import { createRemoteWriteClient } from '@cloudtuner/remote-write';
import { waitFor } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { backfill, hourMs, startPlatform, type Platform, type Tenant } from '../platform';

const edgeMs = 300_000;
const markerMetric = 'laws_marker';
const answerRow = z.object({ row: z.string() });

/** A time of whole hours. */
export interface Hours {
  readonly startMs: number;
  readonly endMs: number;
}

/** One cluster of the organization. */
export interface LawAccount {
  readonly id: string;
  readonly push: (series: readonly Series[]) => Promise<void>;
}

/**
 * Columns that say who was stored and when it was read, not what: two accounts with the same samples differ in nothing else.
 * Rows of versions that are not current any more are of no consequence.
 */
const current = `(hour, data_version) IN (SELECT hour, data_version FROM account_hours FINAL WHERE cloud_account_id = {account:UUID})`;
const ofHours = 'cloud_account_id = {account:UUID} AND hour >= {start:DateTime} AND hour < {end:DateTime}';
const storedRows = {
  assets: `SELECT toString(tuple(* EXCEPT (cloud_account_id))) AS row FROM asset_hours WHERE ${ofHours} AND ${current} ORDER BY row`,
  allocations: `SELECT toString(tuple(* EXCEPT (cloud_account_id))) AS row FROM allocation_hours WHERE ${ofHours} AND ${current} ORDER BY row`,
  hours: `SELECT toString(tuple(* EXCEPT (cloud_account_id, read_at_ms))) AS row FROM account_hours FINAL WHERE ${ofHours} ORDER BY row`,
};

/** What is stored of some hours, byte for byte. */
export type StoredHours = Readonly<Record<keyof typeof storedRows, readonly string[]>>;

/** The whole platform with one organization, to whose clusters generated histories are sent. */
export class LawRig {
  private constructor(
    readonly platform: Platform,
    private readonly tenant: Tenant,
    private readonly clickhouse: ClickhouseClient,
  ) {}

  static async start(store: StoreKind): Promise<LawRig> {
    const platform = await startPlatform(store, {
      // What a killed worker leaves is taken over soon, and late samples are looked for all the time.
      LOCK_SECONDS: '3',
      PLAN_INTERVAL_SECONDS: '1',
      // Thanos Query looks every 5 s which times a receiver has.
      LATE_DATA_REST_SECONDS: store === 'thanos' ? '10' : '1',
      // Hours of the new accounts that nobody asks about are closed one by one.
      PLAN_MAX_JOBS: '1',
      BACKFILL_CONCURRENCY: '8',
    });
    const tenant = await platform.createTenant('laws', 'shop');
    const { url, username, password } = platform.servers.clickhouse;
    const clickhouse = connectClickhouse({ url, username, password, database: 'cloudtuner' });
    return new LawRig(platform, tenant, clickhouse);
  }

  async stop(): Promise<void> {
    await this.clickhouse.close();
    await this.platform.stop();
  }

  /** A new cluster. */
  async account(): Promise<LawAccount> {
    const { client, organizationId } = this.tenant;
    const { id, credentials } = await client.createCloudAccount({
      params: { organization_id: organizationId },
      body: { name: randomUUID(), type: 'kubernetes_cnr' },
    });
    const { username, password } = credentials;
    const url = `${this.platform.services.diproxy.url}/storage/api/v2/write`;
    return {
      id,
      async push(series) {
        const sender = createRemoteWriteClient({ url, username, password });
        const timeseries = series.map(({ labels, timestampsMs, values }) => ({
          labels: Object.entries(labels)
            .map(([name, value]) => ({ name, value }))
            .sort((a, b) => (a.name < b.name ? -1 : 1)),
          samples: timestampsMs.map((timestampMs, index) => ({ timestampMs, value: values[index] ?? Number.NaN })),
        }));
        if (timeseries.length > 0) await sender.push({ timeseries });
        await sender.close();
      },
    };
  }

  /**
   * Sends samples of some accounts and waits until the store shows them: Thanos Query looks only now and then which times of
   * a new tenant a receiver has. What is looked for is a series of its own, sent before them and behind them.
   */
  async push(pushes: readonly { account: LawAccount; series: readonly Series[] }[], hours: Hours): Promise<void> {
    const timestampsMs = [hours.startMs - edgeMs, hours.endMs + edgeMs];
    const labels = { __name__: `${markerMetric}_${String(this.pushed++)}` };
    const [first, last] = timestampsMs.map((timestampMs) => ({ labels, timestampsMs: [timestampMs], values: [1] }));
    await Promise.all(
      pushes.map(async ({ account, series }) => {
        // Thanos Query asks a receiver for no time before the first sample of a tenant, though older ones are taken.
        await account.push(first === undefined ? [] : [first]);
        await account.push(series);
        await account.push(last === undefined ? [] : [last]);
        await this.untilSeen(account, labels.__name__, timestampsMs);
      }),
    );
  }

  private pushed = 0;

  private async untilSeen({ id }: LawAccount, metric: string, timestampsMs: readonly number[]): Promise<void> {
    const see = async (atMs: number): Promise<boolean> => {
      const { metrics } = await this.platform.metroculus.getKubecostMetrics({
        cloudAccountId: id,
        startSeconds: atMs / 1000,
        endSeconds: atMs / 1000 + 60,
        stepSeconds: 60,
        metrics: [metric],
      });
      return (metrics[metric] ?? []).length > 0;
    };
    await waitFor(async () => (await Promise.all(timestampsMs.map(see))).every(Boolean), {
      what: 'the samples to be seen',
      timeoutMs: 60_000,
      intervalMs: 250,
    });
  }

  /** Has hours computed and stored. */
  backfill({ id }: LawAccount, { startMs, endMs }: Hours): Promise<void> {
    return backfill({ client: this.tenant.client, accountId: id }, startMs, endMs);
  }

  /** Kills the worker at an instant of its own choice, and starts it again. */
  async killWorker(): Promise<void> {
    await this.platform.services.worker.kill();
    await this.platform.services.worker.restart();
  }

  async stored({ id }: LawAccount, { startMs, endMs }: Hours): Promise<StoredHours> {
    const read = async (sql: string): Promise<string[]> => {
      const rows = await this.clickhouse.query({
        sql,
        params: { account: id, start: startMs / 1000, end: endMs / 1000 },
        schema: answerRow,
        tag: { surface: 'test', route: 'laws' },
        tenant: id,
      });
      return rows.map(({ row }) => row);
    };
    return {
      assets: await read(storedRows.assets),
      allocations: await read(storedRows.allocations),
      hours: await read(storedRows.hours),
    };
  }

  /** The costs of a cluster by hour, in one grouping if there is one; with idle as rows of its own. */
  costs({ id }: LawAccount, { startMs, endMs }: Hours, aggregate?: string) {
    return this.tenant.client.getClusterCosts({
      params: { cluster_id: id },
      query: {
        start_time: startMs / 1000,
        end_time: endMs / 1000,
        step: '1h',
        money: 'string',
        ...(aggregate === undefined ? {} : { aggregate, idle: 'true', limit: 1000 }),
      },
    });
  }

  assets({ id }: LawAccount, { startMs, endMs }: Hours) {
    return this.tenant.client.listClusterAssets({
      params: { cluster_id: id },
      query: { start_time: startMs / 1000, end_time: endMs / 1000, money: 'string', limit: 1000 },
    });
  }
}

/** The single hours of a time. */
export function eachHour({ startMs, endMs }: Hours): Hours[] {
  return Array.from({ length: (endMs - startMs) / hourMs }, (_, index) => ({
    startMs: startMs + index * hourMs,
    endMs: startMs + (index + 1) * hourMs,
  }));
}
