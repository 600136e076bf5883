import { AppError } from '@cloudtuner/errors';
import { closeHour, createConsumer, createProducer, type Consumer } from '@cloudtuner/queues';
import { sharedServers, waitFor } from '@cloudtuner/test-kit';
import { runAdmin } from './admin/run-admin';
import { createOrganization, type TestOrganization } from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const hour = '2026-03-09T10:00:00Z';

let world: TestWorld;
let organization: TestOrganization;
let own: string;
let other: string;

const createAccount = async ({ id, owner }: TestOrganization): Promise<string> => {
  const body = { name: 'shop', type: 'kubernetes_cnr' as const };
  return (await world.harness.client(owner.token).createCloudAccount({ params: { organization_id: id }, body })).id;
};

beforeAll(async () => {
  world = await startTestWorld(sharedServers());
  organization = await createOrganization(world.harness);
  own = await createAccount(organization);
  other = await createAccount(await createOrganization(world.harness));
}, 120_000);
afterAll(() => world.stop());

const failedOf = async (account: string) =>
  (await world.harness.client(organization.owner.token).listFailedJobs({ params: { cloud_account_id: account } }))
    .failed_jobs;

describe('failed jobs', () => {
  let producer: ReturnType<typeof createProducer<{ cloudAccountId: string; hour: string }, null>>;
  let consumer: Consumer;
  let isBroken = true;
  const done: string[] = [];

  beforeAll(async () => {
    const at = { redisUrl: world.stores.redisUrl, prefix: world.stores.queuePrefix };
    producer = createProducer(closeHour, at);
    consumer = createConsumer(
      closeHour,
      ({ cloudAccountId }) => {
        if (isBroken) throw new AppError('metroculus-rejected', 'This hour cannot be computed.');
        done.push(cloudAccountId);
        return Promise.resolve('done');
      },
      { ...at, concurrency: 1, logger },
    );
    for (const cloudAccountId of [own, other]) await producer.enqueue({ cloudAccountId, hour });
    consumer.start();
    await waitFor(async () => (await producer.counts()).failed === 2);
  });
  afterAll(async () => {
    await consumer.stop(2_000);
    await producer.close();
  });

  it('are told to the owners of the account with their reason, and to no others', async () => {
    expect(await failedOf(own)).toMatchObject([
      {
        queue: 'close-hour',
        start_time: Date.parse(hour) / 1000,
        attempts: 1,
        failure_code: 'metroculus-rejected',
        failure: 'This hour cannot be computed.',
      },
    ]);
    await expect(failedOf(other)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('run again when they are told to, those of the own account alone', async () => {
    const api = world.harness.client(organization.owner.token);
    const params = { cloud_account_id: own };
    const theirs = { queue: 'close-hour', job_id: `${other}_${String(Date.parse(hour) / 1000)}` };
    const absent = { queue: 'no-such-queue', job_id: 'x' };
    // Names of keys that a queue has for itself.
    const keys = ['failed', 'completed', 'meta', 'wait'].map((job_id) => ({ queue: 'close-hour', job_id }));
    for (const body of [theirs, absent, ...keys]) {
      await expect(api.retryFailedJob({ params, body })).rejects.toMatchObject({ code: 'job-not-failed' });
    }
    const [failed] = await failedOf(own);
    isBroken = false;
    await api.retryFailedJob({ params, body: { queue: 'close-hour', job_id: failed?.job_id ?? '' } });
    await waitFor(() => Promise.resolve(done.length === 1));
    expect([done, await failedOf(own)]).toEqual([[own], []]);
    expect((await producer.counts()).failed).toBe(1);
  });

  it('are counted by queue for operators', async () => {
    let out = '';
    const environment = { RESTAPI_URL: world.harness.url, CLUSTER_SECRET: world.harness.clusterSecret };
    const terminal = { environment, out: (text: string) => (out += text), fail: (text: string) => (out += text) };
    expect([await runAdmin({ ...terminal, args: ['show-queues'] }), out]).toEqual([0, expect.any(String)]);
    const { queues } = JSON.parse(out) as { queues: { queue: string; failed: number }[] };
    expect(queues.map(({ queue }) => queue)).toEqual([
      ...['backfill', 'cleanup', 'close-day', 'close-hour', 'export-influxdb'],
      ...['extract-allocation', 'extract-assets', 'extract-budgets'],
      ...['plan-hours', 'reaggregate-hour', 'refresh-live-hour', 'sum-periods', 'summarize', 'sweep-hours'],
    ]);
    expect(queues.find(({ queue }) => queue === 'close-hour')).toMatchObject({ failed: 1, waiting: 0, active: 0 });
  });
});
