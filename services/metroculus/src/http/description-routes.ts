import { msPerHour } from '@cloudtuner/cost-model';
import { descriptionsPath, kubecostDescriptionsSchema } from '@cloudtuner/metroculus-client';
import { routesFor, type Route } from '@cloudtuner/service-kit';
import { elapsedPart } from '../usecases/read-assets';
import { readDescriptions } from '../usecases/read-descriptions';
import { windowOf, windowQuery } from './query-parameters';
import type { RouteDependencies } from './route-dependencies';

const routes = routesFor<undefined>();
const maxSeconds = msPerHour / 1000;

const query = windowQuery.refine(({ start_date, end_date }) => end_date - start_date <= maxSeconds, {
  path: ['end_date'],
  error: 'must be at most an hour after start_date',
});

/** What describes a cluster rather than what it cost. */
export function descriptionsRoute({ store, nowMs }: Pick<RouteDependencies, 'store' | 'nowMs'>): Route<undefined> {
  return routes.defineRoute({
    method: 'get',
    path: descriptionsPath,
    operationId: 'getKubecostDescriptions',
    summary:
      'What describes a cluster, its nodes and its namespaces, as it was last seen in a window of up to an hour.',
    access: 'service',
    query,
    response: kubecostDescriptionsSchema,
    handler: async ({ query: asked, signal }) => {
      const window = elapsedPart(windowOf(asked), nowMs());
      return { ...asked, ...(await readDescriptions(asked.cloud_account_id, window, { store, signal })) };
    },
  });
}
