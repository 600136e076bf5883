import type { Logger, Route } from '@cloudtuner/service-kit';
import { createClickhouseAuditReader } from '../adapters/audit/clickhouse-audit-reader';
import { createClickhouseBillStore } from '../adapters/bills/clickhouse-bill-store';
import { createRecordFileReader } from '../adapters/bills/record-file-reader';
import { createClickhouseSummaries } from '../adapters/clickhouse-summaries';
import { createMemoryRateLimiter } from '../adapters/memory-rate-limiter';
import type { Config } from '../config';
import type { Principal } from '../http/principal';
import { allocationRuleRoutes } from '../http/routes/allocation-rules';
import { auditRoutes } from '../http/routes/audit';
import { costSummaryRoutes } from '../http/routes/cost-summaries';
import { expenseImportRoutes } from '../http/routes/expense-imports';
import { poolRoutes } from '../http/routes/pools';
import { createScopedRoutes } from '../http/scoped-routes';
import type { Metrics } from '../metrics';
import { accountRoutes } from './account-routes';
import type { Connections } from './connections';
import { allCostRoutes } from './cost-routes';
import { identityRoutes } from './identity-routes';

function importDependencies(
  config: Config,
  { metadata, clickhouse, now }: Pick<Connections, 'metadata' | 'clickhouse'> & { now: () => number },
) {
  return {
    ...metadata,
    bills: createClickhouseBillStore(clickhouse, { now }),
    files: createRecordFileReader({ spoolFolder: config.EXPENSE_IMPORT_SPOOL_FOLDER }),
    now,
    maxUploadBytes: config.EXPENSE_IMPORT_MAX_BYTES,
    maxImports: config.EXPENSE_IMPORT_MAX_AT_ONCE,
  };
}

/** All routes, area by area. */
export function createRoutes(
  config: Config,
  connections: Connections,
  context: { logger: Logger; metrics: Metrics; now: () => number },
): Route<Principal>[] {
  const { metadata, clickhouse, queryLimits } = connections;
  const { now } = context;
  const limiter = createMemoryRateLimiter({
    token: config.RATE_LIMIT_TOKEN_UNITS,
    organization: config.RATE_LIMIT_ORGANIZATION_UNITS,
  });
  const routes = createScopedRoutes({ ...metadata, limiter, now });
  return [
    ...identityRoutes(routes, config, { metadata, ...context }),
    ...auditRoutes(routes, { audit: createClickhouseAuditReader(clickhouse, queryLimits), now }),
    ...accountRoutes(routes, { ...connections, now }),
    ...allCostRoutes(routes, config, connections, context),
    ...poolRoutes(routes, metadata),
    ...allocationRuleRoutes(routes, metadata),
    ...costSummaryRoutes(routes, { ...metadata, summaries: createClickhouseSummaries(clickhouse, queryLimits) }),
    ...expenseImportRoutes(routes, importDependencies(config, { metadata, clickhouse, now })),
  ];
}
