import { parseWindow, type TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount, Organization } from '@cloudtuner/metadata';
import type { Warning } from '@cloudtuner/restapi-client';
import { bucketOf, coverageOf, type LedgerEntry } from '../domain/ledger';
import { wholeHours } from '../domain/requested-window';
import type { NoteRead } from '../ports';
import { finalAfter, secondsOf } from './present-costs';
import { notFound } from './scope-checks';

/** The two ways to name a window in a query. */
export interface WindowQuery {
  readonly window?: string | undefined;
  readonly start_time?: number | undefined;
  readonly end_time?: number | undefined;
}

/** The window of a query as it was asked for. @throws AppError `invalid-window` */
export function askedWindow({ window, start_time, end_time }: WindowQuery, nowMs: number): TimeWindow {
  if (window !== undefined) return parseWindow(window, { nowMs });
  return { startMs: (start_time ?? 0) * 1000, endMs: (end_time ?? 0) * 1000 };
}

/** The window of a query in whole hours, at most 400 days. @throws AppError `invalid-window`, `range-too-long` */
export function askedHours(query: WindowQuery, nowMs: number): TimeWindow {
  return wholeHours(askedWindow(query, nowMs), '1d');
}

/** What it takes to find the organization of a cluster, and to note that it is read. */
export interface ClusterFinder {
  readonly organizations: { find(id: string): Promise<Organization | null> };
  readonly noteRead: NoteRead;
}

/** The organization of a cluster. @throws AppError `not-found` for an account of bills */
export async function findCluster(
  { organizations }: Pick<ClusterFinder, 'organizations'>,
  account: CloudAccount,
): Promise<Organization> {
  const organization = account.type === 'kubernetes_cnr' ? await organizations.find(account.organizationId) : null;
  if (organization === null) throw notFound();
  return organization;
}

/** What an answer about a window of a cluster says of itself. */
export function presentHead(
  { account, organization }: { account: CloudAccount; organization: Organization },
  window: TimeWindow,
  evidence: {
    readonly coverage: number | null;
    readonly lastSampleMs: number | null;
    readonly flags: readonly string[];
    readonly warnings: readonly Warning[];
  },
) {
  const { coverage, lastSampleMs, flags, warnings } = evidence;
  return {
    cluster_id: account.id,
    cluster_name: account.name,
    currency: organization.currency,
    window: { start: secondsOf(window.startMs), end: secondsOf(window.endMs) },
    final_after: finalAfter(window.endMs),
    coverage,
    freshness: { last_sample_at: lastSampleMs === null ? null : secondsOf(lastSampleMs) },
    flags: [...flags],
    warnings: [...warnings],
  };
}

/** The same of an answer from the ledger. */
export function presentLedgerHead(
  subject: { account: CloudAccount; organization: Organization },
  window: TimeWindow,
  ledger: { entries: readonly LedgerEntry[]; warnings: readonly Warning[]; nowMs: number },
) {
  const total = bucketOf(window, ledger.entries, ledger.nowMs);
  const evidence = { ...total, coverage: coverageOf(total), warnings: ledger.warnings };
  return { ...presentHead(subject, window, evidence), data_version: total.dataVersion };
}
