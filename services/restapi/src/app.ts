import { operations } from '@cloudtuner/restapi-client';
import {
  createHttpApp,
  createHttpServer,
  createLifecycle,
  type App,
  type AppContext,
  type HttpServer,
  type Logger,
} from '@cloudtuner/service-kit';
import { apiDocumentAssets } from './adapters/api-document-assets';
import { createAuditWriter, type AuditWriter } from './adapters/audit/audit-writer';
import type { Config } from './config';
import { createAuditTrail } from './http/audit-trail';
import { createAuthenticate } from './http/authenticate';
import type { Principal } from './http/principal';
import { createMetrics, describeOperations } from './metrics';
import { connect, type Connections } from './wiring/connections';
import { createRoutes } from './wiring/routes';

/** restapi, composed. */
export interface RestapiApp extends App {
  /** The port it listens on; known after start. */
  readonly port: number;
}

/** What the composition root is given; the clock in ms. */
export interface RestapiContext extends AppContext {
  readonly now?: () => number;
}

const maxAddressBytes = 64 * 1024;
const auditPeriodMs = 1_000;

function compose(
  parts: { server: HttpServer; audit: AuditWriter },
  connections: Connections,
  logger: Logger,
): RestapiApp {
  const { server, audit } = parts;
  const { metadata, clickhouse, metroculus, metroculusUsage, backfillProducer, jobs, kubecosts } = connections;
  const lifecycle = createLifecycle(logger);
  lifecycle.add({ name: 'metadata', stop: () => metadata.close() });
  lifecycle.add({ name: 'clickhouse', stop: () => clickhouse.close() });
  lifecycle.add({
    name: 'metroculus',
    stop: () => {
      metroculus.close();
      metroculusUsage.close();
    },
  });
  lifecycle.add({ name: 'kubecosts', stop: () => kubecosts.close() });
  lifecycle.add({
    name: 'queues',
    stop: async () => {
      await Promise.all([backfillProducer.close(), jobs.close()]);
    },
  });
  // Stops after the server: what was answered last is written, too.
  lifecycle.add(audit);
  lifecycle.add(server);
  return {
    start: () => lifecycle.start(),
    stop: () => lifecycle.stop(),
    get port() {
      return server.port;
    },
  };
}

/** Wires restapi. Nothing is connected before it is used, so it starts while its stores are away. */
export function createApp(config: Config, { logger, registry, health, now = Date.now }: RestapiContext): RestapiApp {
  const metrics = createMetrics(registry);
  describeOperations(registry, Object.values(operations));
  const connections = connect(config, metrics);
  const { metadata, clickhouse } = connections;
  // Without these two hardly any answer can be given. Redis and metroculus are missed by single routes, which say so.
  health.addCheck('mongodb', () => metadata.ping());
  health.addCheck('clickhouse', (signal) => clickhouse.ping(signal));
  const audit = createAuditWriter({
    clickhouse,
    outbox: metadata.outbox,
    logger,
    events: metrics.auditEvents,
    periodMs: auditPeriodMs,
  });
  const handler = createHttpApp<Principal>({
    logger,
    registry,
    health,
    routes: createRoutes(config, connections, { logger, metrics, now }),
    assets: apiDocumentAssets(),
    compress: true,
    onAnswer: createAuditTrail({ operations, organizations: metadata.organizations, log: audit, logger, now }),
    authenticate: createAuthenticate({ tokens: metadata.tokens, clusterSecret: config.CLUSTER_SECRET }),
  });
  const server = createHttpServer({
    name: 'http',
    host: config.HOST,
    port: config.PORT,
    handler,
    logger,
    // Of a whole request with its body; what is not a file has a few kilobytes.
    serverOptions: {
      requestTimeout: config.EXPENSE_IMPORT_MAX_SECONDS * 1000,
      // Filters are part of the address.
      maxHeaderSize: maxAddressBytes,
    },
  });
  return compose({ server, audit }, connections, logger);
}
