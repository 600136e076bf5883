import { randomBytes, randomUUID } from 'node:crypto';
import { createHealth, createLogger, Registry } from '@cloudtuner/service-kit';
import { createRestapiClient, type RestapiClient } from '@cloudtuner/restapi-client';
import { captureLog } from '@cloudtuner/test-kit';
import { createApp } from '../app';
import { config } from '../config';

/** Where the stores of a restapi under test are. */
export interface HarnessStores {
  readonly mongodbUrl: string;
  readonly mongodbDatabase: string;
  readonly clickhouse: {
    readonly url: string;
    readonly username: string;
    readonly password: string;
    readonly database: string;
  };
  readonly redisUrl: string;
  readonly queuePrefix: string;
  readonly metroculusUrl: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly now?: () => number;
}

/** A restapi on a free port, in this process. */
export interface RestapiHarness {
  readonly url: string;
  readonly clusterSecret: string;
  /** Client of the bearer of a token. */
  client(token?: string): RestapiClient;
  /** Lines that it has logged. */
  readonly logLines: readonly string[];
  readonly registry: Registry;
  stop(): Promise<void>;
}

/** The cluster secret of all tests; other processes of a test need it before restapi is up. */
export const clusterSecret = 'a cluster secret of tests only';

/** Starts restapi over these stores. */
export async function startRestapi(stores: HarnessStores): Promise<RestapiHarness> {
  const { destination, lines: logLines } = captureLog();
  const logger = createLogger({ service: 'restapi', level: 'info', destination });
  const registry = new Registry();
  const health = createHealth();
  const { url, username, password, database } = stores.clickhouse;
  const parsed = config.parse({
    HOST: '127.0.0.1',
    PORT: '0',
    CLUSTER_SECRET: clusterSecret,
    MONGODB_URL: stores.mongodbUrl,
    MONGODB_DATABASE: stores.mongodbDatabase,
    CLICKHOUSE_URL: url,
    CLICKHOUSE_DATABASE: database,
    CLICKHOUSE_USERNAME: username,
    ...(password === '' ? {} : { CLICKHOUSE_PASSWORD: password }),
    REDIS_URL: stores.redisUrl,
    QUEUE_PREFIX: stores.queuePrefix,
    METROCULUS_URL: stores.metroculusUrl,
    ...stores.environment,
  });
  const app = createApp(parsed, { logger, registry, health, ...(stores.now === undefined ? {} : { now: stores.now }) });
  await app.start();
  health.setAccepting(true);
  const baseUrl = `http://127.0.0.1:${String(app.port)}`;
  return {
    url: baseUrl,
    clusterSecret,
    client: (token) => createRestapiClient({ baseUrl, token: () => token, secret: clusterSecret, timeoutMs: 20_000 }),
    logLines,
    registry,
    stop: () => app.stop(),
  };
}

/** An organization with an owner who is signed in. */
export interface TestOrganization {
  readonly id: string;
  readonly owner: { readonly email: string; readonly password: string; readonly token: string };
}

const newPassword = (): string => randomBytes(12).toString('base64url');

/** Creates one. */
export async function createOrganization(harness: RestapiHarness, name = 'Acme'): Promise<TestOrganization> {
  const email = `${randomUUID()}@example.org`;
  const password = newPassword();
  const api = harness.client();
  const { id } = await api.createOrganization({
    body: { name, owner: { email, display_name: 'Owner', password } },
  });
  const { token } = await api.createToken({ body: { email, password } });
  return { id, owner: { email, password, token } };
}

/** Adds a user of this role and signs in. */
export async function createMember(
  harness: RestapiHarness,
  organization: TestOrganization,
  role: 'owner' | 'manager' | 'viewer',
): Promise<string> {
  const email = `${randomUUID()}@example.org`;
  const password = newPassword();
  await harness.client(organization.owner.token).createUser({
    params: { organization_id: organization.id },
    body: { email, display_name: role, password, role },
  });
  return (await harness.client().createToken({ body: { email, password } })).token;
}
