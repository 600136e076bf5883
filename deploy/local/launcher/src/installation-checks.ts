import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createRestapiClient, RestapiError, type RestapiClient } from '@cloudtuner/restapi-client';
import { createSampleCluster, type SampleCluster } from '@cloudtuner/sample-cluster';
import { pushHistory } from './history';

/** An installation that runs somewhere: compose, a cluster, or processes on this machine. */
export interface Installation {
  readonly restapiUrl: string;
  readonly gatewayUrl: string;
  readonly clusterSecret: string;
}

/** What was asked of it, and what came of it; `failure` is empty when all was well. */
export interface CheckOutcome {
  readonly check: string;
  readonly failure: string;
}

/** Outcomes, and the account that was made for them: its id stands in the logs. */
export interface InstallationReport {
  readonly cloud_account_id: string;
  readonly checks: readonly CheckOutcome[];
}

interface Customer {
  readonly client: RestapiClient;
  readonly organizationId: string;
  readonly accountId: string;
  readonly account: { readonly write_username: string; readonly write_password: string };
  readonly cluster: SampleCluster;
}

const dayMs = 86_400_000;
const tenMinutesMs = 600_000;
const nanosPerDollar = 1e9;
const cent = 0.01;
const pollMs = 500;
const backfillDeadlineMs = 300_000;

async function createCustomer({ restapiUrl: baseUrl, clusterSecret: secret }: Installation): Promise<Customer> {
  const name = `check-${randomBytes(4).toString('hex')}`;
  const email = `owner@${name}.example`;
  const password = randomBytes(16).toString('hex');
  const operator = createRestapiClient({ baseUrl, secret });
  const { id } = await operator.createOrganization({ body: { name, owner: { email, display_name: name, password } } });
  const { token } = await operator.createToken({ body: { email, password } });
  const client = createRestapiClient({ baseUrl, token: () => token });
  const account = await client.createCloudAccount({
    params: { organization_id: id },
    body: { name, type: 'kubernetes_cnr' },
  });
  return {
    ...{ client, organizationId: id, accountId: account.id },
    account: { write_username: account.credentials.username, write_password: account.credentials.password },
    cluster: createSampleCluster({ seed: 7, name, clusterId: name, profile: 'shop' }),
  };
}

async function computeDay(customer: Customer, startMs: number): Promise<void> {
  const params = { cloud_account_id: customer.accountId };
  const body = { start_time: startMs / 1000, end_time: (startMs + dayMs) / 1000 };
  const { id } = await customer.client.createBackfill({ params, body });
  const deadline = Date.now() + backfillDeadlineMs;
  for (;;) {
    const { state } = await customer.client.getBackfill({ params: { ...params, backfill_id: id } });
    if (state === 'completed') return;
    if (state === 'failed' || Date.now() > deadline) throw new Error(`the backfill is ${state}`);
    await delay(pollMs);
  }
}

const dollarsOf = (nanos: bigint): number => Number(nanos) / nanosPerDollar;

function requireEqual(what: string, got: number | string | null, expected: number): void {
  if (got === null || Math.abs(Number(got) - expected) >= cent) {
    throw new Error(`${what} is ${String(got)}, the cluster's own book says ${expected.toFixed(4)}`);
  }
}

async function refusesOthers(installation: Installation, customer: Customer): Promise<void> {
  const { write_username } = customer.account;
  const credentials = Buffer.from(`${write_username}:not-the-password`).toString('base64');
  const answer = await fetch(`${installation.gatewayUrl}/storage/api/v2/write`, {
    method: 'POST',
    headers: { Authorization: `Basic ${credentials}`, 'Content-Type': 'application/x-protobuf' },
    body: '',
  });
  if (answer.status !== 401) throw new Error(`a write with a wrong password was answered ${String(answer.status)}`);
  const stranger = await createCustomer(installation);
  const asked = await stranger.client
    .getClusterCosts({ params: { cluster_id: customer.accountId }, query: { window: '1d', step: '1d' } })
    .then(() => 'answered')
    .catch((error: unknown) => (error instanceof RestapiError ? error.code : String(error)));
  if (asked !== 'not-found') throw new Error(`a stranger who asked for the cluster was told: ${asked}`);
}

/** The checks, in their order: each rests on those before it. */
function checksOf(installation: Installation, customer: Customer): Readonly<Record<string, () => Promise<void>>> {
  const startMs = Math.floor(Date.now() / dayMs) * dayMs - dayMs;
  const window = { start: startMs / 1000, end: (startMs + dayMs) / 1000 };
  const book = customer.cluster.book.costBetween(startMs, startMs + dayMs);
  const costs = () =>
    customer.client.getClusterCosts({
      params: { cluster_id: customer.accountId },
      query: { start_time: window.start, end_time: window.end, step: '1d', money: 'string' },
    });
  return {
    'takes a day of samples': async () => {
      const { cluster, account } = customer;
      const push = { cluster, account, startMs: startMs - tenMinutesMs, endMs: startMs + dayMs + tenMinutesMs };
      const samples = await pushHistory(installation.gatewayUrl, [push]);
      if (samples === 0) throw new Error('there were none');
    },
    'turns it into dollars': async () => {
      // A store's front may not know of a new tenant yet: until then there is nothing to be computed.
      for (const deadline = Date.now() + backfillDeadlineMs; ;) {
        await computeDay(customer, startMs);
        const { coverage } = await costs();
        if (coverage === 1) return;
        if (Date.now() > deadline) throw new Error(`the coverage stays ${String(coverage)}`);
        await delay(pollMs);
      }
    },
    'says what the cluster cost, to the cent': async () => {
      const { total } = await costs();
      requireEqual('total_cost', total.total_cost, dollarsOf(book.total));
      requireEqual('cpu_cost', total.cpu_cost, dollarsOf(book.cpu));
      requireEqual('ram_cost', total.ram_cost, dollarsOf(book.ram));
      requireEqual('network_cost', total.network_cost, dollarsOf(book.network));
    },
    'has the same total in the expenses': async () => {
      const { total_cost } = await customer.client.getCleanExpenses({
        query: { organization_id: customer.organizationId, start_date: window.start, end_date: window.end },
      });
      requireEqual('clean_expenses', total_cost, dollarsOf(book.total));
    },
    'keeps strangers out': () => refusesOthers(installation, customer),
  };
}

/** Uses an installation as a customer does. The first check that fails ends it, because the rest would only follow. */
export async function checkInstallation(installation: Installation): Promise<InstallationReport> {
  const customer = await createCustomer(installation);
  const outcomes: CheckOutcome[] = [];
  for (const [check, run] of Object.entries(checksOf(installation, customer))) {
    const failure = await run().then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    outcomes.push({ check, failure });
    if (failure !== '') break;
  }
  return { cloud_account_id: customer.accountId, checks: outcomes };
}
