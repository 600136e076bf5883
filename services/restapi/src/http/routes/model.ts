import {
  openCostAllocationResponse,
  openCostSummaryResponse,
  parseFilter,
  parseWindow,
  type AllocationSet,
} from '@cloudtuner/cost-model';
import type { CloudAccount, TokenIdentity } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { clusterNamesOf } from '../../domain/cluster-names';
import { wholeHours } from '../../domain/requested-window';
import { allows } from '../../domain/role-permissions';
import { eachBounded } from '../../usecases/each-bounded';
import type { CompatAllocationsReader } from '../../ports';
import { readAllocations, type AllocationsQuestion } from '../../usecases/read-allocations';
import { readCompatAllocations } from '../../usecases/read-compat-allocations';
import { readClusterAssets, type AssetSources } from '../../usecases/read-cluster-assets';
import type { AllocationDependencies } from '../cluster-allocation';
import { ledgerRequest } from '../cost-request';
import { assetAggregate, chosenAssets, modelAssetFields, presentAssets, type NamedAsset } from '../model/model-assets';
import { modelQuestion, type ModelAllocationQuery } from '../model/model-request';
import type { Principal } from '../principal';
import { sees } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

type Dependencies = AllocationDependencies &
  AssetSources & { readonly compat: CompatAllocationsReader; readonly usageBudgetMs: number };

const clusterConcurrency = 4;

/** Organizations whose costs the caller may see. */
const organizationsOf = ({ memberships }: TokenIdentity): string[] =>
  memberships.filter(({ role }) => allows(role, 'costs:read')).map(({ organizationId }) => organizationId);

/** The clusters whose costs the caller may see; those that are gone too, as what they cost was spent. */
async function clustersOf({ cloudAccounts, noteRead }: Dependencies, identity: TokenIdentity): Promise<CloudAccount[]> {
  const lists = await Promise.all(
    organizationsOf(identity).map((id) => cloudAccounts.list(id, { includeDeleted: true })),
  );
  const clusters = lists.flat().filter(({ type, id }) => type === 'kubernetes_cnr' && sees(identity, id));
  for (const account of clusters) if (account.deletedAt === null) noteRead(account);
  return clusters;
}

async function setsOf(
  dependencies: Dependencies,
  accounts: readonly CloudAccount[],
  { question, mode }: { readonly question: AllocationsQuestion; readonly mode: 'exact' | 'compat' },
): Promise<readonly AllocationSet[]> {
  if (mode === 'exact') return (await readAllocations(dependencies, accounts, question)).steps.map(({ set }) => set);
  const deadlineMs = question.nowMs + dependencies.usageBudgetMs;
  return readCompatAllocations(dependencies, accounts, { question, deadlineMs });
}

type AllocationOperation = (typeof operations)[
  'getModelAllocation' | 'computeModelAllocation' | 'getModelAllocationSummary' | 'computeModelAllocationSummary'];

function allocationRoute(
  routes: ScopedRoutes,
  dependencies: Dependencies,
  operation: AllocationOperation,
): Route<Principal> {
  const { operationId, path } = operation;
  const isSummary = path.endsWith('/summary');
  return routes.signedIn(operation, async ({ query, identity, signal }) => {
    const { now, liveBudgetMs } = dependencies;
    const idleByDefault = !path.includes('/compute');
    const context = { nowMs: now(), liveBudgetMs, route: operationId, signal, idleByDefault };
    const question = modelQuestion(query, context);
    const mode = query.mode ?? 'exact';
    const sets = await setsOf(dependencies, await clustersOf(dependencies, identity), { question, mode });
    if (isSummary) return openCostSummaryResponse(sets, question.window, mode);
    return openCostAllocationResponse(sets, { mode, includeMetadata: wantsMetadata(query) });
  });
}

const wantsMetadata = ({ includeAggregatedMetadata }: ModelAllocationQuery): boolean =>
  includeAggregatedMetadata === 'true';

function assetsRoute(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal> {
  return routes.signedIn(operations.getModelAssets, async ({ query, identity, signal }) => {
    const { now, liveBudgetMs } = dependencies;
    const nowMs = now();
    const window = wholeHours(parseWindow(query.window, { nowMs }), '1d');
    const aggregate = assetAggregate(query.aggregate);
    const filter = parseFilter(query.filter ?? '', modelAssetFields);
    const types = (query.filterTypes ?? '').split(',').filter((type) => type !== '');
    const accounts = await clustersOf(dependencies, identity);
    const names = clusterNamesOf(accounts);
    const request = ledgerRequest(window, { nowMs, liveBudgetMs, route: 'getModelAssets', signal });
    const assets = await eachBounded(accounts, clusterConcurrency, async (account): Promise<NamedAsset[]> => {
      const found = await readClusterAssets(dependencies, account, request);
      const cluster = names.get(account.id) ?? account.id;
      return found.assets.map((asset) => ({ cluster, asset }));
    });
    const chosen = chosenAssets(assets.flat(), filter, types);
    return { code: 200 as const, status: 'success', data: [presentAssets(chosen, window, aggregate)] };
  });
}

/** `kubectl cost` asks for the currency before anything else. */
function configsRoute(routes: ScopedRoutes, { organizations }: Dependencies): Route<Principal> {
  return routes.signedIn(operations.getModelConfigs, async ({ identity }) => {
    const found = await Promise.all(organizationsOf(identity).map((id) => organizations.find(id)));
    const currencies = new Set(found.flatMap((organization) => organization?.currency ?? []));
    const [only = ''] = currencies;
    return { code: 200 as const, status: 'success', data: { currencyCode: currencies.size === 1 ? only : '' } };
  });
}

/** What clients of OpenCost and Kubecost ask for, over the clusters that the caller's token sees. */
export function modelRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  return [
    allocationRoute(routes, dependencies, operations.getModelAllocation),
    allocationRoute(routes, dependencies, operations.computeModelAllocation),
    allocationRoute(routes, dependencies, operations.getModelAllocationSummary),
    allocationRoute(routes, dependencies, operations.computeModelAllocationSummary),
    assetsRoute(routes, dependencies),
    configsRoute(routes, dependencies),
  ];
}
