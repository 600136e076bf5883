import { createExtractStore } from '../adapters/clickhouse/extract-store';
import { createKubecostStore } from '../adapters/clickhouse/kubecost-store';
import { createDocumentReader } from '../adapters/kubecost/document-reader';
import type { Config } from '../config';
import type { ExtractKind } from '../domain/extraction';
import type { ExtractMetrics } from '../extract-metrics';
import { extractJob } from '../jobs/extract';
import { createHourSlots } from '../jobs/hour-slots';
import { readExtractAges } from '../usecases/read-extract-ages';
import type { Connections } from './connections';
import type { JobPorts } from './job-ports';

/** The jobs that read Kubecosts. */
export function createExtractJobs(
  config: Config,
  ports: JobPorts,
  { clickhouse, kubecosts, metrics }: Pick<Connections, 'clickhouse' | 'kubecosts'> & { metrics: ExtractMetrics },
) {
  const store = createExtractStore(clickhouse);
  metrics.watchAges(() => readExtractAges({ accounts: ports.accounts, store, now: ports.now }));
  const inTurn = createHourSlots(1);
  const jobOf = (kind: ExtractKind) =>
    extractJob(kind, {
      ...{ ...ports, store, inTurn },
      reader: createDocumentReader(kubecosts),
      figures: createKubecostStore(clickhouse),
      lookbackHours: config.EXTRACT_LOOKBACK_HOURS,
      observe: ({ kind: ofWindow }, outcome, seconds) => {
        metrics.run(ofWindow, outcome, seconds);
      },
    });
  return { allocation: jobOf('allocation'), assets: jobOf('assets'), budgets: jobOf('budgets') };
}
