import type { JobProcessor } from '@cloudtuner/queues';
import type { WorkerMetrics } from '../metrics';
import { planHours, type PlanHoursPorts } from '../usecases/plan-hours';

/** One tick of the dispatcher. */
export const planHoursJob =
  (ports: PlanHoursPorts, metrics: WorkerMetrics): JobProcessor<object, null> =>
  async (_payload, { logger }) => {
    const plan = await planHours(ports);
    metrics.plan(plan);
    if (plan.hours + plan.days > 0) logger.info({ ...plan }, 'asked for what is due');
    return 'done';
  };
