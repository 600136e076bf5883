import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import type { AllocationDependencies } from '../cluster-allocation';
import { answerNamespaces, answerWorkloads, type ConsumerDependencies } from '../cluster-consumers';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';
import { answerOptimization, type UsageDependencies } from './cluster-usage';
import { answerCosts } from './costs';

/** The costs of one cluster under a shorter address. */
export function kubernetesCostRoutes(
  routes: ScopedRoutes,
  dependencies: AllocationDependencies & ConsumerDependencies & UsageDependencies,
): Route<Principal>[] {
  return [
    routes.inCloudAccount(operations.getKubernetesCosts, ({ account, query, signal }) =>
      answerCosts(dependencies, account, { query, signal }),
    ),
    routes.inCloudAccount(operations.listKubernetesNamespaces, ({ account, query, signal }) =>
      answerNamespaces(dependencies, { account, query, route: 'listKubernetesNamespaces', signal }),
    ),
    routes.inCloudAccount(operations.listKubernetesWorkloads, ({ account, query, signal }) =>
      answerWorkloads(dependencies, { account, query, route: 'listKubernetesWorkloads', signal }, query.namespace),
    ),
    routes.inCloudAccount(operations.getKubernetesOptimization, ({ account, query, signal }) =>
      answerOptimization(dependencies, account, { query, route: 'getKubernetesOptimization', signal }),
    ),
  ];
}
