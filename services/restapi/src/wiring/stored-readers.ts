import { createClickhouseAllocations } from '../adapters/clickhouse-allocations';
import { createClickhouseAssets } from '../adapters/clickhouse-assets';
import { createClickhouseFacts } from '../adapters/clickhouse-facts';
import { createClickhouseWorkloadCosts } from '../adapters/expenses/clickhouse-workload-costs';
import { AnswerMemory } from '../adapters/remembered/answer-memory';
import { DataStamps } from '../adapters/remembered/data-stamps';
import { rememberedReaders } from '../adapters/remembered/remembered-readers';
import type { Metrics } from '../metrics';
import type { Connections } from './connections';

/** Of answers that are remembered: what 50 views of dashboards of a large cluster have. */
const answerMemoryBytes = 64 * 1024 ** 2;
const answerMaxAgeMs = 10 * 60_000;

/** Readers of what is stored, twice: those of dashboards remember, those of exports do not, because nobody reads a year twice. */
export function storedReaders(
  { clickhouse, queryLimits }: Pick<Connections, 'clickhouse' | 'queryLimits'>,
  metrics: Metrics,
) {
  const direct = {
    facts: createClickhouseFacts(clickhouse, queryLimits),
    allocations: createClickhouseAllocations(clickhouse, queryLimits),
    assets: createClickhouseAssets(clickhouse, queryLimits),
    workloads: createClickhouseWorkloadCosts(clickhouse, queryLimits),
  };
  const memory = new AnswerMemory({
    maxBytes: answerMemoryBytes,
    maxAgeMs: answerMaxAgeMs,
    now: () => performance.now(),
    observe: (outcome) => {
      metrics.storedReads.inc({ outcome });
    },
  });
  return { direct, remembered: rememberedReaders(direct, { memory, stamps: new DataStamps(clickhouse, queryLimits) }) };
}
