import type { DescriptionsRepository } from '@cloudtuner/metadata';
import { z } from 'zod';
import type { NotedQuotasReader } from '../ports';

/** What the worker notes of a namespace, as far as it is of use here. */
const namespaceFacts = z.object({
  quotas: z.array(z.object({ quota: z.string(), resource: z.string(), hard: z.number() })).optional(),
});

/** Quotas among the descriptions of clusters. */
export function createMetadataNotedQuotas(descriptions: Pick<DescriptionsRepository, 'list'>): NotedQuotasReader {
  return {
    async read(cloudAccountId, { startMs, endMs }) {
      const window = { from: startMs / 1000, until: endMs / 1000 };
      const found = await descriptions.list(cloudAccountId, 'namespace', window);
      return new Map(
        found.flatMap(({ name: namespace, facts }) => {
          const { quotas } = namespaceFacts.parse(facts);
          return quotas === undefined ? [] : [[namespace, quotas.map((one) => ({ ...one, namespace, used: null }))]];
        }),
      );
    },
  };
}
