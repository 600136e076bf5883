import { backfill, createConsumer, type Consumer } from '@cloudtuner/queues';
import { sharedServers, waitFor } from '@cloudtuner/test-kit';
import { createOrganization, type RestapiHarness } from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

/** 2023-11-14T22:00:00Z */
const start = 1_699_999_200;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

let world: TestWorld;
let harness: RestapiHarness;
let consumer: Consumer | undefined;

beforeAll(async () => {
  world = await startTestWorld(sharedServers());
  ({ harness } = world);
}, 120_000);
afterAll(async () => {
  await consumer?.stop(1000);
  await world.stop();
});

describe('backfills', () => {
  it('cover whole hours, are the same job when asked for twice, and show how far they are', async () => {
    const organization = await createOrganization(harness);
    const api = harness.client(organization.owner.token);
    const { id: cloudAccountId } = await api.createCloudAccount({
      params: { organization_id: organization.id },
      body: { name: 'shop', type: 'kubernetes_cnr' },
    });
    const params = { cloud_account_id: cloudAccountId };
    const created = await api.createBackfill({ params, body: { start_time: start + 5, end_time: start + 7201 } });
    expect(created).toMatchObject({
      cloud_account_id: cloudAccountId,
      start_time: start,
      end_time: start + 3 * 3600,
      state: 'waiting',
      progress: null,
      failure_code: null,
    });
    const again = await api.createBackfill({ params, body: { start_time: start, end_time: start + 3 * 3600 } });
    expect(again.id).toBe(created.id);

    const payloads: unknown[] = [];
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { redisUrl, queuePrefix } = world.stores;
    consumer = createConsumer(
      backfill,
      async (payload, { reportProgress }) => {
        payloads.push(payload);
        await reportProgress({ doneHours: 2, totalHours: 3 });
        await ended;
        await reportProgress({ doneHours: 3, totalHours: 3 });
        return 'done';
      },
      { redisUrl, prefix: queuePrefix, concurrency: 1, logger: silent },
    );
    consumer.start();

    const read = () => api.getBackfill({ params: { ...params, backfill_id: created.id } });
    const running = await waitFor(async () => {
      const status = await read();
      return status.progress === null ? undefined : status;
    });
    expect(running).toMatchObject({ state: 'running', progress: { done_hours: 2, total_hours: 3 } });
    end();
    const completed = await waitFor(async () => {
      const status = await read();
      return status.state === 'completed' ? status : undefined;
    });
    expect(completed.progress).toEqual({ done_hours: 3, total_hours: 3 });
    expect(payloads).toEqual([
      { cloudAccountId, fromHour: '2023-11-14T22:00:00.000Z', toHour: '2023-11-15T01:00:00.000Z' },
    ]);
  });
});
