import { readReconciliation, type ClickhouseClient } from '@cloudtuner/clickhouse';
import type { ReconciliationReader } from '../ports';

/** Both views of a cluster in ClickHouse. A query ends inside the server after `maxExecutionSeconds`, whatever becomes of the client. */
export function createClickhouseReconciliation(
  client: ClickhouseClient,
  limits: { maxExecutionSeconds: number },
): ReconciliationReader {
  return {
    readReconciliation: (cloudAccountId, { startMs, endMs }, { route, signal }) =>
      readReconciliation(client, cloudAccountId, {
        window: { from: startMs / 1000, until: endMs / 1000 },
        tag: { surface: 'restapi', route },
        limits,
        signal,
      }),
  };
}
