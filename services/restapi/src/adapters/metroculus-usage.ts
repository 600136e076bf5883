import { AppError, toAppError } from '@cloudtuner/errors';
import { nanosFromNumber, type TimeWindow } from '@cloudtuner/cost-model';
import type {
  CpuSaving,
  KubecostUsage,
  MemorySaving,
  MetroculusClient,
  ResourceUsage,
  UsageEntry,
} from '@cloudtuner/metroculus-client';
import type { Logger } from '@cloudtuner/service-kit';
import type { ContainerSizing, ResourceLevels, Savings, Usage, UsageLevels } from '../domain/usage';
import type { UsageDeadline, UsageReader } from '../ports';

const millisOf = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000);
const nanosOf = (amount: number | null): bigint | null => (amount === null ? null : nanosFromNumber(amount));

function toLevels({ requested, limit, used_avg, used_p95, used_max }: ResourceUsage): ResourceLevels {
  return { requested, limit, usedAvg: used_avg, usedP95: used_p95, usedMax: used_max };
}

function toUsageLevels({ namespace, controller_kind, controller, pods, ...entry }: UsageEntry): UsageLevels {
  return {
    namespace,
    controllerKind: controller_kind,
    controller,
    pods,
    cpu: toLevels(entry.cpu_cores),
    ram: toLevels(entry.ram_bytes),
  };
}

function toUsage({ coverage, last_sample_at, usage, quotas }: KubecostUsage): Usage {
  return { coverage, lastSampleMs: millisOf(last_sample_at), levels: usage.map(toUsageLevels), quotas };
}

type Saving = CpuSaving | MemorySaving;
type Numbers = Readonly<Record<'requested' | 'usedP95' | 'usedMax' | 'recommended', number | null>>;

const toSizing = (saving: Saving, numbers: Numbers): ContainerSizing => ({
  namespace: saving.namespace,
  controllerKind: saving.controller_kind,
  controller: saving.controller,
  container: saving.container,
  replicas: saving.replicas,
  sizing: { ...numbers, monthlySaving: nanosOf(saving.monthly_saving) },
});

const cpuSizing = (saving: CpuSaving): ContainerSizing =>
  toSizing(saving, {
    requested: saving.requested_cores,
    usedP95: saving.used_p95_cores,
    usedMax: saving.used_max_cores,
    recommended: saving.recommended_cores,
  });

const memorySizing = (saving: MemorySaving): ContainerSizing =>
  toSizing(saving, {
    requested: saving.requested_bytes,
    usedP95: saving.used_p95_bytes,
    usedMax: saving.used_max_bytes,
    recommended: saving.recommended_bytes,
  });

/** Told of every question: how it ended, `answered` or the code of an error, and how long that took. */
type ObserveUsage = (question: 'chart' | 'usage' | 'savings', outcome: string, seconds: number) => void;

type Client = Pick<MetroculusClient, 'getKubecostUtilization' | 'getKubecostUsage' | 'getKubecostSavings'>;

/** Usage from metroculus, within the deadline whatever the client's own retries would do. */
export function createMetroculusUsage(
  client: Client,
  { logger, now, observe }: { logger: Logger; now: () => number; observe: ObserveUsage },
): UsageReader {
  async function ask<T>(
    what: {
      readonly question: Parameters<ObserveUsage>[0];
      readonly cloudAccountId: string;
      readonly window: TimeWindow;
    },
    { deadlineMs, signal }: UsageDeadline,
    call: (request: Parameters<Client['getKubecostSavings']>[0]) => Promise<T>,
  ): Promise<T> {
    const { question, cloudAccountId, window } = what;
    const limit = AbortSignal.timeout(Math.max(0, deadlineMs - now()));
    const [startSeconds, endSeconds] = [window.startMs / 1000, window.endMs / 1000];
    const startedMs = performance.now();
    const end = (outcome: string): void => {
      observe(question, outcome, (performance.now() - startedMs) / 1000);
    };
    try {
      const answer = await call({
        cloudAccountId,
        startSeconds,
        endSeconds,
        signal: AbortSignal.any([signal, limit]),
      });
      end('answered');
      return answer;
    } catch (error) {
      const failure =
        limit.aborted && !signal.aborted
          ? new AppError('metroculus-timeout', 'What was used could not be computed in time.', { cause: error })
          : error;
      end(signal.aborted ? 'cancelled' : toAppError(failure).code.replaceAll('-', '_'));
      logger.warn({ err: failure, cloud_account_id: cloudAccountId }, 'no usage');
      throw failure;
    }
  }

  return {
    async readChart(cloudAccountId, { window, metric, stepSeconds }, deadline) {
      const { unit, step, coverage, last_sample_at, series } = await ask(
        { question: 'chart', cloudAccountId, window },
        deadline,
        (request) =>
          client.getKubecostUtilization({ ...request, metric, ...(stepSeconds === undefined ? {} : { stepSeconds }) }),
      );
      return { unit, stepSeconds: step, coverage, lastSampleMs: millisOf(last_sample_at), lines: series };
    },
    async readUsage(cloudAccountId, { window, namespace }, deadline) {
      const answer = await ask({ question: 'usage', cloudAccountId, window }, deadline, (request) =>
        client.getKubecostUsage({ ...request, ...(namespace === undefined ? {} : { namespace }) }),
      );
      return toUsage(answer);
    },
    async readSavings(cloudAccountId, window, deadline): Promise<Savings> {
      const answer = await ask({ question: 'savings', cloudAccountId, window }, deadline, (request) =>
        client.getKubecostSavings(request),
      );
      return {
        coverage: answer.coverage,
        cpu: answer.cpu_savings.map(cpuSizing),
        memory: answer.memory_savings.map(memorySizing),
        cpuCoreHourPrice: nanosOf(answer.cpu_core_hour_price),
        ramGibHourPrice: nanosOf(answer.ram_gib_hour_price),
      };
    },
  };
}
