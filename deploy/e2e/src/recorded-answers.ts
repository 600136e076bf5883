import type { Platform, Tenant } from './platform';

/** What the API says of a tenant's past, byte for byte, by path. */
export type RecordedAnswers = Readonly<Record<string, string>>;

/** Paths whose answers rest on what is stored. Nothing of the running hour, and no audit log: asking is an event of it. */
function pathsOf({ organizationId, accountId }: Tenant, startMs: number, endMs: number): string[] {
  const dates = `start_date=${String(startMs / 1000)}&end_date=${String(endMs / 1000)}`;
  const times = `start_time=${String(startMs / 1000)}&end_time=${String(endMs / 1000)}`;
  const cluster = `/restapi/v2/kubecost/clusters/${accountId}`;
  const organization = `/restapi/v2/organizations/${organizationId}`;
  return [
    `${cluster}/costs?${times}&step=1h&money=string`,
    `${cluster}/costs?${times}&step=1d&aggregate=namespace&money=string`,
    `${cluster}/costs?${times}&aggregate=pod&limit=1000&money=string`,
    `${cluster}/costs?${times}&aggregate=label:app&share_idle=true&money=string`,
    `${cluster}/assets?${times}`,
    `${organization}/kubecost/allocation?${times}&aggregate=controller&money=string`,
    `/restapi/v2/clean_expenses?organization_id=${organizationId}&${dates}&money=string`,
    `${organization}/breakdown_expenses?${dates}&breakdown_by=k8s_namespace&money=string`,
    `${organization}/breakdown_expenses?${dates}&breakdown_by=service_name&money=string`,
    `/model/allocation?window=${String(startMs / 1000)},${String(endMs / 1000)}&aggregate=namespace`,
    organization,
    `${organization}/cloud_accounts`,
    `${organization}/users`,
    `${organization}/pools`,
    `${organization}/assignment_rules`,
    `/restapi/v2/cloud_accounts/${accountId}/price_book`,
    '/restapi/v2/users/me',
  ];
}

/** Asks for everything; an answer that is none fails. */
export async function recordAnswers(
  { services }: Platform,
  tenant: Tenant,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): Promise<RecordedAnswers> {
  const answers: Record<string, string> = {};
  for (const path of pathsOf(tenant, startMs, endMs)) {
    const headers = { Authorization: `Bearer ${tenant.token}` };
    const answer = await fetch(`${services.restapi.url}${path}`, { headers });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${String(answer.status)} ${text}`);
    // Asking for costs is noted in the account.
    answers[path] = text.replace(/"last_read_at":(\d+|null)/g, '');
  }
  return answers;
}

/** The paths whose answers are not the same bytes. */
export function changedPaths(before: RecordedAnswers, after: RecordedAnswers): string[] {
  return Object.keys({ ...before, ...after }).filter((path) => before[path] !== after[path]);
}
