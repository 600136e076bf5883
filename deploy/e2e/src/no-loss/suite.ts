import { waitFor } from '@cloudtuner/test-kit';
import type { Fault } from './fault-proxy';
import { startRig, type ProtocolVersion, type Rig, type RigStore } from './rig';

const startDeadlineMs = 120_000;
const scenarioDeadlineMs = 120_000;

interface Scenario {
  readonly name: string;
  /** Whether the sender cannot but notice: then it must have tried again. */
  readonly noticed: boolean;
  run(rig: Rig): Promise<void>;
}

/** Long enough for a sender to have run into it more than once. */
async function untilFelt(rig: Rig, times: number): Promise<void> {
  await waitFor(() => rig.faults.faulted() >= times, {
    what: `${String(times)} writes to meet the fault`,
    timeoutMs: 40_000,
  });
}

function storeFault(name: string, fault: Fault, times: number): Scenario {
  return {
    name,
    noticed: true,
    async run(rig) {
      rig.faults.set(fault);
      await untilFelt(rig, times);
      rig.faults.set({ kind: 'none' });
    },
  };
}

/** What can happen to the gateways and to what they ask. */
export const gatewayScenarios: readonly Scenario[] = [
  {
    name: 'gateways are killed with SIGKILL three times, with writes under way that are stored or not, and not acknowledged',
    noticed: true,
    async run({ faults, gateways: [first, second] }) {
      const kills = [
        { victims: [first], kind: 'slow-answer' },
        { victims: [second], kind: 'slow-store' },
        { victims: [first, second], kind: 'slow-store' },
      ] as const;
      for (const { victims, kind } of kills) {
        faults.set({ kind, delayMs: 300 });
        await (kind === 'slow-store' ? faults.nextReceived() : faults.nextStored());
        await Promise.all(victims.map((gateway) => gateway.kill()));
        await Promise.all(victims.map((gateway) => gateway.restart()));
      }
      faults.set({ kind: 'none' });
    },
  },
  {
    name: 'two gateways are restarted with SIGTERM one after the other, twice',
    noticed: false,
    async run({ faults, gateways }) {
      faults.set({ kind: 'slow-answer', delayMs: 100 });
      for (const gateway of [...gateways, ...gateways]) {
        await faults.nextStored();
        await gateway.restart();
      }
      faults.set({ kind: 'none' });
    },
  },
  {
    name: 'MongoDB is stopped while its answers are out of date, and comes back',
    noticed: false,
    async run(rig) {
      await rig.mongodb.kill();
      // The cached answer is good for a second; writes go on after it.
      for (let time = 0; time < 3; time += 1) await rig.untilFlowing();
      expect(await rig.gatewayMetric('diproxy_account_lookups_total{result="stale"')).toBeGreaterThan(0);
      await rig.mongodb.restart();
    },
  },
];

/** What can happen to the store. */
export const storeScenarios = {
  killed: {
    name: 'the store is killed with SIGKILL twice',
    noticed: true,
    async run({ store, faults }) {
      for (let time = 0; time < 2; time += 1) {
        await faults.nextStored();
        const failed = faults.nextFailed();
        await store.kill();
        await failed;
        await store.restart();
      }
    },
  },
  answers500: storeFault('the store answers 500', { kind: 'status', status: 500 }, 1),
  answers429: storeFault(
    'the store answers 429 and Retry-After',
    { kind: 'status', status: 429, retryAfterSeconds: 1 },
    3,
  ),
  answers404: storeFault('the store answers 404, as one that is set up wrong', { kind: 'status', status: 404 }, 1),
  hangs: storeFault('the store hangs', { kind: 'hang' }, 1),
} satisfies Readonly<Record<string, Scenario>>;

/** Holds each scenario against what the sender itself has scraped. */
export function describeNoLoss(kind: RigStore, version: ProtocolVersion, scenarios: readonly Scenario[]): void {
  describe(`Remote Write ${version} through diproxy to ${kind}`, () => {
    let rig: Rig | undefined;

    beforeAll(async () => {
      rig = await startRig(kind, version);
    }, startDeadlineMs);

    // Not there when it could not be started.
    afterAll(() => rig?.stop(), startDeadlineMs);

    it('is sent and stores that version of the protocol', async () => {
      const [protocol, other] = version === '1.0' ? ['1', '2'] : ['2', '1'];
      const stored = kind === 'prometheus3' ? '2' : '1';
      expect(await rig?.gatewayMetric(`diproxy_requests_by_protocol_total{protocol="${protocol}"`)).toBeGreaterThan(0);
      expect(await rig?.gatewayMetric(`diproxy_requests_by_protocol_total{protocol="${other}"`)).toBe(0);
      expect(await rig?.gatewayMetric(`diproxy_store_protocol{version="${stored}"`)).toBe(2);
    });

    it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
      'loses, changes and doubles nothing when %s',
      async (_name, scenario) => {
        if (rig === undefined) throw new Error('the rig did not start');
        const retried = 'prometheus_remote_storage_samples_retried_total';
        const retriedBefore = await rig.senderMetric(retried);
        await scenario.run(rig);
        await rig.untilFlowing();
        await rig.untilEverythingArrived();
        if (scenario.noticed) expect(await rig.senderMetric(retried)).toBeGreaterThan(retriedBefore);
        expect(await rig.senderMetric('prometheus_remote_storage_samples_failed_total')).toBe(0);
      },
      scenarioDeadlineMs,
    );
  });
}
