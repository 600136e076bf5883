import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { z } from 'zod';

const sizeRow = z.object({ table: z.string(), bytes: z.coerce.number(), rows: z.coerce.number() });

/** Short: it is asked for while metrics are read. */
const timeoutMs = 2_000;

/** What the tables of our database take on the server that answers. */
export const readTableSizes = (client: ClickhouseClient): Promise<readonly z.infer<typeof sizeRow>[]> =>
  client.query({
    sql: `SELECT table, sum(bytes_on_disk) AS bytes, sum(parts.rows) AS rows FROM system.parts
          WHERE active AND database = {database:String} GROUP BY table ORDER BY table`,
    params: { database: client.database },
    schema: sizeRow,
    tag: { surface: 'kubecost-worker', route: 'table-sizes' },
    tenant: 'none',
    signal: AbortSignal.timeout(timeoutMs),
  });
