import {
  metroculusPaths,
  usagePaths,
  type KubecostSavings,
  type KubecostUsage,
  type KubecostUtilization,
  type UtilizationMetric,
} from '@cloudtuner/metroculus-client';
import type { FakeMetroculus } from './fake-metroculus';

const headOf = (parameters: URLSearchParams) => ({
  cloud_account_id: parameters.get('cloud_account_id') ?? '',
  start_date: Number(parameters.get('start_date')),
  end_date: Number(parameters.get('end_date')),
});

/** What a test says of usage; the rest is that nothing was measured. */
export interface UsageAnswers {
  readonly savings?: Partial<KubecostSavings>;
  readonly usage?: Partial<KubecostUsage>;
  readonly utilization?: Partial<KubecostUtilization>;
}

/** Makes metroculus answer questions about usage from now on, and gives the parameters of each question. */
export function answerUsage({ answers }: FakeMetroculus, given: UsageAnswers = {}): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  const noted = (parameters: URLSearchParams): URLSearchParams => {
    asked.push(parameters);
    return parameters;
  };
  answers.set(metroculusPaths.savings, (parameters): KubecostSavings => ({
    ...headOf(noted(parameters)),
    cpu_savings: [],
    memory_savings: [],
    cpu_core_hour_price: null,
    ram_gib_hour_price: null,
    coverage: 0,
    ...given.savings,
  }));
  answers.set(usagePaths.usage, (parameters): KubecostUsage => ({
    ...headOf(noted(parameters)),
    step: 60,
    coverage: 0,
    last_sample_at: null,
    usage: [],
    quotas: [],
    ...given.usage,
  }));
  answers.set(usagePaths.utilization, (parameters): KubecostUtilization => ({
    ...headOf(noted(parameters)),
    metric: parameters.get('metric') as UtilizationMetric,
    unit: 'cores',
    step: 60,
    coverage: 0,
    last_sample_at: null,
    series: [],
    ...given.utilization,
  }));
  return asked;
}

/** From now on metroculus refuses questions about usage. */
export function refuseUsage({ answers }: FakeMetroculus): void {
  for (const path of [metroculusPaths.savings, usagePaths.usage, usagePaths.utilization]) answers.delete(path);
}
