import { z } from 'zod';
import {
  clusterParams,
  inCluster,
  namesOneWindow,
  oneWindow,
  pageFields,
  pageHead,
  windowFields,
  windowRules,
} from './cluster-window';
import type { Operation } from './operation';
import { interval, unixSeconds } from './scalars';

const describedKind = z.enum(['info', 'node', 'namespace', 'workload']);

/** What clusters are, rather than what they cost. */
export const descriptionOperations = {
  listClusterDescriptions: {
    operationId: 'listClusterDescriptions',
    method: 'GET',
    path: '/restapi/v2/kubecost/clusters/:cluster_id/descriptions',
    summary: 'What a cluster was in a window: itself, its nodes, namespaces and workloads',
    description:
      'Noted with each closed hour, with every change kept: what is answered is how it was at the end of the window, ' +
      'of what was there in it. `info` is one thing, the cluster itself.',
    access: 'costs:read',
    scope: inCluster,
    costClass: 'query',
    errors: ['invalid-window', 'range-too-long'],
    rules: windowRules,
    example: { query: { kind: 'node', window: '1d' } },
    status: 200,
    params: clusterParams,
    query: z.strictObject({ ...windowFields, kind: describedKind, ...pageFields }).refine(namesOneWindow, oneWindow),
    response: z.object({
      cluster_id: z.uuid(),
      cluster_name: z.string(),
      window: interval,
      kind: describedKind,
      ...pageHead,
      /** Sorted by name. */
      descriptions: z.array(
        z.object({
          /** Of the node or namespace; `namespace/kind/name` of a workload; empty for the cluster itself. */
          name: z.string(),
          /**
           * Of a node `provider_id`, `instance_type`, `region`, `zone`, `arch`, `spot`, `labels`; of a namespace `labels`,
           * `annotations`, `quotas`; of a workload `namespace`, `controller_kind`, `controller`, `labels`; of the cluster what its
           * exporter says: `name`, `provider`, `region`, `version`, … Null: not known.
           */
          facts: z.record(z.string(), z.unknown()),
          /** Since when it was described so. */
          since: unixSeconds,
          first_seen: unixSeconds,
          last_seen: unixSeconds,
        }),
      ),
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;
