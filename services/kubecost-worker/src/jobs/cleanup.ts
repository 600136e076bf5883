import type { cleanup as queue, JobProcessor } from '@cloudtuner/queues';
import type { z } from 'zod';
import { secondsOf } from '../domain/calendar';
import type { WorkerMetrics } from '../metrics';
import { cleanUp, type CleanUpPorts } from '../usecases/clean-up';
import { cleanDescriptions, type CleanDescriptionsPorts } from '../usecases/store-descriptions';

/** Removes what nobody reads any more. */
export const cleanupJob =
  (
    ports: CleanUpPorts & CleanDescriptionsPorts,
    metrics: WorkerMetrics,
  ): JobProcessor<z.infer<typeof queue.payload>, null> =>
  async ({ hour }, { signal }) => {
    try {
      metrics.removed(await cleanUp(ports, { hour: secondsOf(hour), signal }));
    } finally {
      metrics.removed({ cluster_descriptions: await cleanDescriptions(ports, signal) });
    }
    return 'done';
  };
