import type { JobProcessor } from '@cloudtuner/queues';
import type { WorkerMetrics } from '../metrics';
import { planExtractions, type PlanExtractionsPorts } from '../usecases/plan-extractions';
import { planExports, type PlanExportsPorts } from '../usecases/plan-exports';
import { planHours, type PlanHoursPorts } from '../usecases/plan-hours';
import { planTouched, type PlanTouchedPorts } from '../usecases/plan-touched';
import { planUpkeep } from '../usecases/plan-upkeep';

/** One tick of the dispatcher: late samples first, because they are promised within minutes. */
export const planHoursJob =
  (
    ports: PlanHoursPorts &
      PlanTouchedPorts &
      PlanExtractionsPorts &
      Parameters<typeof planUpkeep>[0] & {
        /** Absent: costs are exported nowhere. */
        readonly exporting?: Omit<PlanExportsPorts, 'accounts' | 'now'>;
      },
    metrics: WorkerMetrics,
  ): JobProcessor<object, null> =>
  async (_payload, { logger }) => {
    const touched = await planTouched(ports);
    metrics.touched(touched);
    if (touched.asked + touched.tooOld > 0) logger.info({ ...touched }, 'asked for touched hours');
    const plan = await planHours(ports);
    metrics.plan(plan);
    if (plan.hours + plan.days > 0) logger.info({ ...plan }, 'asked for what is due');
    await planUpkeep(ports);
    await planExtractions(ports);
    if (ports.exporting !== undefined) await planExports({ ...ports, ...ports.exporting });
    return 'done';
  };
