import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { answerNamespaces, answerWorkloads, type ConsumerDependencies } from '../cluster-consumers';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

/** Who uses clusters. */
export function clusterConsumerRoutes(routes: ScopedRoutes, dependencies: ConsumerDependencies): Route<Principal>[] {
  return [
    routes.inCloudAccount(operations.listClusterNamespaces, ({ account, query, signal }) =>
      answerNamespaces(dependencies, { account, query, route: 'listClusterNamespaces', signal }),
    ),
    routes.inCloudAccount(operations.listNamespaceWorkloads, ({ account, params, query, signal }) =>
      answerWorkloads(dependencies, { account, query, route: 'listNamespaceWorkloads', signal }, params.namespace),
    ),
  ];
}
