import type { SampleCluster } from '@cloudtuner/sample-cluster';
import { backfillAndWait } from './backfill';
import type { DemoAccount } from './demo-state';
import { pushHistory, type HistoryPush } from './history';
import { startProgress } from './progress';
import { sampleClusterOf } from './sample-clusters';
import type { SignedInOrganization } from './tenants';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A cluster of the demo, and who may write and read for it. */
export interface Tenant {
  readonly session: SignedInOrganization;
  readonly account: DemoAccount;
  readonly cluster: SampleCluster;
}

export interface FillHistoryOptions {
  readonly diproxyUrl: string;
  /** How far back an empty account is filled. */
  readonly days: number;
  readonly now: () => number;
  readonly say: (line: string) => void;
}

const floorTo = (unitMs: number, tMs: number): number => Math.floor(tMs / unitMs) * unitMs;

const hoursBetween = (startMs: number, endMs: number): number => Math.max(1, Math.round((endMs - startMs) / hourMs));

/** Every cluster of these organizations. */
export function tenantsOf(sessions: readonly SignedInOrganization[]): Tenant[] {
  return sessions.flatMap((session) =>
    session.organization.cloud_accounts.map((account) => ({
      session,
      account,
      cluster: sampleClusterOf(account),
    })),
  );
}

/** Since when samples are missing: the newest one of an earlier run, or `days` ago at midnight. */
async function missingSince({ session, account }: Tenant, firstMs: number): Promise<number> {
  const { clusters } = await session.client.listClusters({ params: { organization_id: session.organization.id } });
  const lastSeconds = clusters.find(({ id }) => id === account.id)?.last_sample_at ?? null;
  return lastSeconds === null ? firstMs : Math.max(firstMs, floorTo(minuteMs, lastSeconds * 1000));
}

/** Pushes what the clusters' accounts miss of their past through the gateway, and turns it into stored dollars. */
export async function fillHistory(tenants: readonly Tenant[], options: FillHistoryOptions): Promise<void> {
  const { diproxyUrl, days, now, say } = options;
  const firstMs = floorTo(hourMs, now() - days * dayMs);
  const endMs = floorTo(minuteMs, now());
  const pushes = await Promise.all(
    tenants.map(async (tenant): Promise<HistoryPush & { tenant: Tenant }> => {
      const startMs = await missingSince(tenant, firstMs);
      return { tenant, cluster: tenant.cluster, account: tenant.account, startMs, endMs };
    }),
  );
  const startedMs = now();
  const progress = startProgress(
    'pushing history',
    hoursBetween(Math.min(...pushes.map(({ startMs }) => startMs)), endMs),
    'hours',
  );
  const samples = await pushHistory(diproxyUrl, pushes, ({ doneHours }) => {
    progress.update(doneHours);
  }).finally(() => {
    progress.stop();
  });
  const seconds = Math.max(0.001, (now() - startedMs) / 1000);
  say(
    `  ${samples.toLocaleString('en-US')} samples acknowledged, ${Math.round(samples / seconds).toLocaleString('en-US')} a second\n`,
  );
  await backfillAndWait(
    pushes.map(({ tenant, startMs }) => ({
      session: tenant.session,
      cloudAccountId: tenant.account.id,
      startMs: floorTo(hourMs, startMs),
      endMs: floorTo(hourMs, endMs),
    })),
  );
  // What passed while the history was on its way; the live senders take over from here.
  await pushHistory(
    diproxyUrl,
    tenants.map(({ cluster, account }) => ({
      cluster,
      account,
      startMs: endMs,
      endMs: floorTo(minuteMs, now()) + minuteMs,
    })),
  );
}
