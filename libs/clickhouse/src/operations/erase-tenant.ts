import { z } from 'zod';
import type { ClickhouseClient } from '../client-port';

/** Whose rows go. */
export interface ErasedTenant {
  /** Rows of other organizations stay, whomever they name. */
  readonly organizationId: string;
  /** Whether the organization goes, or only its accounts. */
  readonly wholeOrganization: boolean;
  readonly cloudAccountIds: readonly string[];
  /** Other ids that only they have, such as users: rows that name them go from tables that are not of accounts. */
  readonly subjectIds: readonly string[];
  /** False keeps the audit log. */
  readonly withAudit: boolean;
  /** Name of the ClickHouse cluster, when the tables are replicated. */
  readonly cluster?: string | undefined;
}

interface Erasure {
  readonly table: string;
  readonly condition: string;
}

const tag = { surface: 'clickhouse', route: 'erase-tenant' };
const auditTable = 'audit_events';
/** In rows whose organization could not be made out. */
const noOrganization = '00000000-0000-0000-0000-000000000000';
const columnRow = z.object({ table: z.string(), name: z.string(), type: z.string() });
const countRow = z.object({ rows: z.coerce.number() });
type Column = z.infer<typeof columnRow>;

/** Rows of accounts are found by their key; what belongs to organizations also by what its texts mention, in this organization only. */
function conditionOf(columns: readonly Column[]): string | undefined {
  const key = columns.find(({ name, type }) => name === 'cloud_account_id' && type === 'UUID');
  if (key !== undefined) return '`cloud_account_id` IN {accounts:Array(UUID)}';
  const conditions = columns.flatMap(({ name, type }) => {
    if (type === 'UUID' || type === 'Nullable(UUID)') return [`ifNull(\`${name}\` IN {ids:Array(UUID)}, 0)`];
    return type === 'String' ? [`multiSearchAny(\`${name}\`, {texts:Array(String)})`] : [];
  });
  if (conditions.length === 0) return undefined;
  const mentioned = conditions.join(' OR ');
  const isOfOrganizations = columns.some(({ name, type }) => name === 'organization_id' && type === 'UUID');
  return isOfOrganizations ? `\`organization_id\` IN {organizations:Array(UUID)} AND (${mentioned})` : mentioned;
}

async function erasuresOf(client: ClickhouseClient, tenant: string, withAudit: boolean): Promise<Erasure[]> {
  const columns = await client.query({
    sql: `SELECT table, name, type FROM system.columns WHERE database = {database:String} AND table IN
            (SELECT name FROM system.tables WHERE database = {database:String} AND endsWith(engine, 'MergeTree'))
          ORDER BY table, position`,
    params: { database: client.database },
    schema: columnRow,
    tag,
    tenant,
  });
  const tables = [...new Set(columns.map(({ table }) => table))].filter((table) => withAudit || table !== auditTable);
  return tables.flatMap((table) => {
    const condition = conditionOf(columns.filter((column) => column.table === table));
    return condition === undefined ? [] : [{ table, condition }];
  });
}

/** How many rows of each table are of the tenant; tables without any are left out. */
export async function countTenantRows(
  client: ClickhouseClient,
  erased: ErasedTenant,
): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  const { params, tenant } = bound(erased);
  for (const { table, condition } of await erasuresOf(client, tenant, erased.withAudit)) {
    const sql = `SELECT count() AS rows FROM \`${table}\` WHERE ${condition}`;
    const limits = { maxExecutionSeconds: 600 };
    const [row] = await client.query({ sql, params, schema: countRow, tag, tenant, limits });
    if (row !== undefined && row.rows > 0) found[table] = row.rows;
  }
  return found;
}

function bound({ organizationId, wholeOrganization, cloudAccountIds, subjectIds }: ErasedTenant) {
  const ids = [...(wholeOrganization ? [organizationId] : []), ...cloudAccountIds, ...subjectIds];
  const organizations = [organizationId, noOrganization];
  return { params: { accounts: cloudAccountIds, ids, texts: ids, organizations }, tenant: organizationId };
}

/**
 * Removes every row of the tenant from every table, whichever tables there are: a table with `cloud_account_id` by it, others by any UUID or
 * text that names the tenant, unless the row is of another organization. Parts are written anew without the rows, so nothing waits for a merge.
 *
 * @returns rows that were removed, by table
 */
export async function eraseTenantRows(
  client: ClickhouseClient,
  erased: ErasedTenant,
): Promise<Readonly<Record<string, number>>> {
  const found = await countTenantRows(client, erased);
  const { params, tenant } = bound(erased);
  const on = erased.cluster === undefined ? '' : `ON CLUSTER \`${erased.cluster}\``;
  for (const { table, condition } of await erasuresOf(client, tenant, erased.withAudit)) {
    if (found[table] === undefined) continue;
    const sql = `ALTER TABLE \`${table}\` ${on} DELETE WHERE ${condition} SETTINGS mutations_sync = 2`;
    await client.command({ sql, params, tag, tenant });
  }
  return found;
}
