import { closeHour, createProducer, type Producer } from '@cloudtuner/queues';
import { waitFor } from '@cloudtuner/test-kit';
import { daySeconds, hourSeconds, hoursBetween, isoOf } from './domain/calendar';
import { currentTotal } from './testing/stored-rows';
import { createAccount } from './testing/worker-process';
import { startWorkerWorld, type WorkerWorld } from './testing/worker-world';

const podsPerNode = 4_000;
const rowsPerHour = 3 * podsPerNode + 3 + 1;
const mebibyte = 1_048_576;
const day = Math.floor(Date.now() / 86_400_000) * daySeconds - 2 * daySeconds;
/** None of them is the fourth of the day, which has no data. */
const hours = hoursBetween(day + 5 * hourSeconds, day + 10 * hourSeconds);

let world: WorkerWorld;
let producer: Producer<{ cloudAccountId: string; hour: string }, null>;

beforeAll(async () => {
  world = await startWorkerWorld({
    environment: {
      ...{ PLAN_INTERVAL_SECONDS: '3600', METROCULUS_TIMEOUT_SECONDS: '60', LOCK_SECONDS: '30' },
      WORKER_CONCURRENCY: '8',
    },
  });
  world.metroculus.podsPerNode = podsPerNode;
  producer = createProducer(closeHour, world.queues);
}, 120_000);

afterAll(async () => {
  await producer.close();
  await world.close();
});

describe('hours of a cluster of 12,000 containers', () => {
  it('are stored within 512 MiB, also when several are due at once', async () => {
    const account = await createAccount(world.metadata);
    for (const hour of hours) await producer.enqueue({ cloudAccountId: account, hour: isoOf(hour) });
    let most = 0;
    const window = { from: day, to: day + daySeconds };
    await waitFor(
      async () => {
        most = Math.max(most, (await world.metric('process_resident_memory_bytes')) ?? NaN);
        return (
          (await currentTotal(world.clickhouse, account, window, 'allocation_hours')).rows ===
          hours.length * rowsPerHour
        );
      },
      { what: 'the hours', timeoutMs: 240_000 },
    );
    expect(most).toBeLessThan(512 * mebibyte);
  }, 300_000);
});
