import { createProducer, extractAllocation, type Producer } from '@cloudtuner/queues';
import {
  createSampleCluster,
  sharedServers,
  startKubecostServer,
  waitFor,
  type KubecostServer,
} from '@cloudtuner/test-kit';
import { randomUUID } from 'node:crypto';
import { startClickhouseProxy, type ClickhouseProxy, type Moment } from './testing/clickhouse-proxy';
import { storedExtracts } from './testing/extract-world';
import { killedAt, startWorkerWorld, type WorkerWorld } from './testing/worker-world';

const dayMs = 86_400_000;
const lookbackHours = 4;
/** Whose the Kubecost is. */
const organizationId = randomUUID();

let proxy: ClickhouseProxy;
let kubecost: KubecostServer;
let world: WorkerWorld;
let jobs: Producer<{ cloudAccountId: string }, null>;

beforeAll(async () => {
  proxy = await startClickhouseProxy((await sharedServers().clickhouse()).url);
  const startMs = Math.floor(Date.now() / dayMs) * dayMs - 2 * dayMs;
  const cluster = createSampleCluster({ seed: 3, name: 'Shop', clusterId: 'shop', profile: 'shop', startMs });
  kubecost = await startKubecostServer({ cluster, product: 'kubecost' });
  world = await startWorkerWorld({
    clickhouseUrl: proxy.url,
    environment: {
      KUBECOST_ENDPOINT_ALLOW: `127.0.0.1=${organizationId}`,
      KUBECOST_ENDPOINT_DENY: '169.254.0.0/16',
      EXTRACT_LOOKBACK_HOURS: String(lookbackHours),
      // Never due while the tests run: they ask themselves.
      EXTRACT_ALLOCATION_CRON: '0 0 29 2 *',
    },
  });
  jobs = createProducer(extractAllocation, world.queues);
}, 120_000);

afterAll(async () => {
  await jobs.close();
  await world.close();
  await proxy.close();
  await kubecost.stop();
});

async function createAccount(endpoint = kubecost.url, owner = organizationId): Promise<string> {
  const { account } = await world.metadata.cloudAccounts.create(owner, {
    ...{ type: 'kubernetes_cnr', name: `cluster ${randomUUID()}`, region: null, owner: null },
    kubecost: { endpoint, schedules: {}, configuredAt: new Date() },
  });
  return account.id;
}

const rows = (account: string) => storedExtracts(world.clickhouse, account, { comparable: true });
const isDone = async (account: string): Promise<boolean> => (await jobs.jobStatus(account)) === null;
const wait = { timeoutMs: 90_000, intervalMs: 100 };

async function extract(account: string): Promise<string[]> {
  await jobs.enqueue({ cloudAccountId: account });
  await waitFor(() => isDone(account), { what: 'the extraction', ...wait });
  return rows(account);
}

describe('a worker that extracts', () => {
  const moments: readonly (readonly [Moment, string])[] = [
    ['half-way', 'kubecost_documents'],
    ['after', 'kubecost_documents'],
    ['before', 'kubecost_extracts'],
    ['after', 'kubecost_extracts'],
  ];
  let reference: string[];

  beforeAll(async () => {
    reference = await extract(await createAccount());
  });

  it.each(moments)(
    'and is killed %s its insert into %s leaves hours that its successor completes to the same rows',
    async (moment, table) => {
      expect(reference.filter((row) => row.startsWith('kubecost_extracts'))).toHaveLength(lookbackHours);
      const account = await createAccount();
      const struck = killedAt(world.worker, proxy, moment, `INSERT INTO ${table} `);
      await jobs.enqueue({ cloudAccountId: account });
      await struck;
      // Whatever is current is whole.
      const halfWay = await rows(account);
      for (const pointer of halfWay.filter((row) => row.startsWith('kubecost_extracts')))
        expect(reference).toContain(pointer);
      await world.worker.restart();
      await waitFor(() => isDone(account), { what: 'the extraction to be taken over', ...wait });
      expect(await rows(account)).toEqual(reference);
    },
    150_000,
  );

  it('counts its runs, and how old what it has is', async () => {
    const account = await createAccount();
    const before = (await world.metric('cloudtuner_extraction_runs_total', 'kind="allocation",outcome="stored"')) ?? -1;
    await extract(account);
    expect(await world.metric('cloudtuner_extraction_runs_total', 'kind="allocation",outcome="stored"')).toBe(
      before + lookbackHours,
    );
    const age = await waitFor(
      () => world.metric('cloudtuner_extraction_age_seconds', `cloud_account_id="${account}",source="allocation"`),
      {
        what: 'the age of the account',
        ...wait,
      },
    );
    // The newest closed hour ended within the running one.
    expect(age).toBeLessThan(3_700);
  });

  it('tries on while Kubecost fails, tells of its breaker, and catches up', async () => {
    const account = await createAccount();
    kubecost.fail('error', { at: '/allocation' });
    await jobs.enqueue({ cloudAccountId: account });
    const breaker = `cloud_account_id="${account}",endpoint="allocation"`;
    await waitFor(async () => (await world.metric('cloudtuner_extraction_breaker_state', breaker)) === 2, {
      what: 'the breaker to open',
      ...wait,
    });
    expect(
      await world.metric('cloudtuner_extraction_runs_total', 'kind="allocation",outcome="failed"'),
    ).toBeGreaterThan(0);
    kubecost.fail('none');
    await waitFor(
      async () => (await rows(account)).filter((row) => row.startsWith('kubecost_extracts')).length === lookbackHours,
      {
        what: 'the hours to be there',
        ...wait,
      },
    );
    expect(await world.metric('cloudtuner_extraction_breaker_state', breaker)).toBe(0);
  });

  it('does not ask an address that the operator denies, does not allow, or allows another organization', async () => {
    const refused = [
      ...['http://169.254.169.254', 'http://localhost:9', 'http://127.0.0.2'].map(
        (url) => [url, organizationId] as const,
      ),
      [kubecost.url, randomUUID()] as const,
    ];
    for (const [endpoint, owner] of refused) {
      const account = await createAccount(endpoint, owner);
      await jobs.enqueue({ cloudAccountId: account });
      await waitFor(async () => (await jobs.jobStatus(account))?.state === 'failed', { what: 'the failure', ...wait });
      expect((await jobs.jobStatus(account))?.failure?.code).toBe('kubecost-endpoint-refused');
    }
  });

  it('has a scheduler for each account with an endpoint, by its own pattern, and none for others', async () => {
    const account = await createAccount();
    const has = async (): Promise<boolean> => (await jobs.schedulerIds()).includes(account);
    await waitFor(has, { what: 'the scheduler', ...wait });
    const found = await world.metadata.cloudAccounts.findLiving(account);
    await world.metadata.cloudAccounts.update(found?.organizationId ?? '', account, { kubecost: null });
    await waitFor(async () => !(await has()), { what: 'the scheduler to go', ...wait });
  });
});
