import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RestapiError } from '@cloudtuner/restapi-client';
import { startExporter } from '@cloudtuner/sample-cluster';
import type { ComposeDemoConfig } from './compose-demo-config';
import { loadState, writePrivateJson, type DemoState } from './demo-state';
import { fillHistory, tenantsOf } from './fill-history';
import type { StopStack } from './stop-stack';
import { demoPlan, ensureTenants, type SignedInOrganization } from './tenants';

const pollMs = 1_000;
const startDeadlineMs = 300_000;
const httpServerErrors = 500;

export interface ComposeDemoOptions {
  readonly config: ComposeDemoConfig;
  readonly running: StopStack;
  readonly say: (line: string) => void;
  readonly now: () => number;
}

const isNotYetThere = (error: unknown): boolean =>
  error instanceof RestapiError && (error.status === undefined || error.status >= httpServerErrors);

/** The first organization of the demo's plan, made once; waits for an API whose stores are still starting. */
async function signIn({ config }: ComposeDemoOptions, state: DemoState): Promise<SignedInOrganization[]> {
  const save = (): void => {
    writePrivateJson(join(config.DATA_DIR, 'state.json'), state);
  };
  const deadline = Date.now() + startDeadlineMs;
  for (;;) {
    try {
      return await ensureTenants(config.RESTAPI_URL, state, save, demoPlan.slice(0, 1));
    } catch (error) {
      if (!isNotYetThere(error) || Date.now() > deadline) throw error;
      await delay(pollMs);
    }
  }
}

/** Writes what a Prometheus reads as `username_file` and `password_file`; it runs as another user. */
function writeCredentials(folder: string, credentials: Readonly<Record<'username' | 'password', string>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(credentials)) {
    writeFileSync(join(folder, `${name}.new`), text, { mode: 0o644 });
    renameSync(join(folder, `${name}.new`), join(folder, name));
  }
}

function textOf(config: ComposeDemoConfig, { organization, token }: SignedInOrganization, accountId: string): string {
  return `
The sample cluster is live. ${organization.name} signs in as ${organization.email} / ${organization.password}

  API=${config.PUBLIC_URL}/restapi/v2
  TOKEN=${token}
  ORGANIZATION=${organization.id}
  CLUSTER=${accountId}

  curl -s -H "Authorization: Bearer $TOKEN" "$API/kubecost/clusters/$CLUSTER/costs?window=6h&step=1h"
  curl -s -H "Authorization: Bearer $TOKEN" "$API/kubecost/clusters/$CLUSTER/costs?window=1d&aggregate=namespace"
`;
}

/**
 * Gives an installation a customer: an account, the credentials for the Prometheus beside it, the past of a sample cluster
 * in dollars, and then its metrics at `/metrics`. Started again it takes up what it finds.
 *
 * @returns where the metrics are.
 */
export async function startComposeDemo(options: ComposeDemoOptions): Promise<{ readonly metricsUrl: string }> {
  const { config, running, say, now } = options;
  const state = loadState(join(config.DATA_DIR, 'state.json'));
  state.cluster_secret = config.clusterSecret;
  const sessions = await signIn(options, state);
  const tenants = tenantsOf(sessions);
  const [tenant] = tenants;
  if (tenant === undefined) throw new Error('The demo has no cluster.');
  const { write_username: username, write_password: password } = tenant.account;
  writeCredentials(join(config.DATA_DIR, 'credentials'), { username, password });
  await fillHistory(tenants, { diproxyUrl: config.GATEWAY_URL, days: config.DAYS, now, say });
  const exporter = await startExporter({ cluster: tenant.cluster, host: config.HOST, port: config.PORT });
  running.add({ name: 'exporter', stop: () => exporter.stop() });
  say(textOf(config, tenant.session, tenant.account.id));
  return { metricsUrl: exporter.url };
}
