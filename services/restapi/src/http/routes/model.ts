import { openCostAllocationResponse, openCostSummaryResponse, parseFilter, parseWindow } from '@cloudtuner/cost-model';
import { AppError, type Problem } from '@cloudtuner/errors';
import type { CloudAccount, TokenIdentity } from '@cloudtuner/metadata';
import { routesFor, type Route } from '@cloudtuner/service-kit';
import { z } from 'zod';
import { clusterNamesOf } from '../../domain/cluster-names';
import { wholeHours } from '../../domain/requested-window';
import { allows } from '../../domain/role-permissions';
import { eachBounded } from '../../usecases/each-bounded';
import { readAllocations } from '../../usecases/read-allocations';
import { readClusterAssets, type AssetSources } from '../../usecases/read-cluster-assets';
import type { AllocationDependencies } from '../cluster-allocation';
import { ledgerRequest } from '../cost-request';
import { assetAggregate, chosenAssets, modelAssetFields, presentAssets, type NamedAsset } from '../model/model-assets';
import { modelAllocationQuery, modelQuestion, type ModelAllocationQuery } from '../model/model-request';
import type { Principal } from '../principal';

type Dependencies = AllocationDependencies & AssetSources;

/** An error as OpenCost answers it. */
const errorBody = ({ status, detail }: Problem) => ({
  code: status,
  status: '',
  data: null,
  message: `Error: ${detail}`,
});

const declared = routesFor<Principal>();

const clusterConcurrency = 4;

function identityOf(principal: Principal): TokenIdentity {
  if (principal.kind === 'user') return principal.identity;
  throw new AppError('unauthenticated', 'This needs a valid bearer token.');
}

/** Organizations whose costs the caller may see. */
const organizationsOf = (principal: Principal): string[] =>
  identityOf(principal)
    .memberships.filter(({ role }) => allows(role, 'costs:read'))
    .map(({ organizationId }) => organizationId);

/** The clusters whose costs the caller may see; those that are gone too, as what they cost was spent. */
async function clustersOf({ cloudAccounts, noteRead }: Dependencies, principal: Principal): Promise<CloudAccount[]> {
  const lists = await Promise.all(
    organizationsOf(principal).map((id) => cloudAccounts.list(id, { includeDeleted: true })),
  );
  const clusters = lists.flat().filter(({ type }) => type === 'kubernetes_cnr');
  for (const account of clusters) if (account.deletedAt === null) noteRead(account);
  return clusters;
}

function allocationRoute(dependencies: Dependencies, path: string, operationId: string): Route<Principal> {
  const isSummary = path.includes('/summary');
  return declared.defineRoute({
    method: 'get',
    path,
    operationId,
    summary: 'Allocations in the form of OpenCost',
    access: 'signed-in',
    query: modelAllocationQuery,
    response: z.unknown(),
    errorBody,
    handler: async ({ query, principal, signal }) => {
      const { now, liveBudgetMs } = dependencies;
      const idleByDefault = !path.includes('/compute');
      const context = { nowMs: now(), liveBudgetMs, route: operationId, signal, idleByDefault };
      const question = modelQuestion(query, context);
      const { steps } = await readAllocations(dependencies, await clustersOf(dependencies, principal), question);
      const sets = steps.map(({ set }) => set);
      if (isSummary) return openCostSummaryResponse(sets, question.window, 'exact');
      return openCostAllocationResponse(sets, { mode: 'exact', includeMetadata: wantsMetadata(query) });
    },
  });
}

const wantsMetadata = ({ includeAggregatedMetadata }: ModelAllocationQuery): boolean =>
  includeAggregatedMetadata === 'true';

const assetsQuery = z.strictObject({
  window: z.string().min(1).max(200),
  aggregate: z.string().max(1_000).optional(),
  accumulate: z.string().max(10).optional(),
  filter: z.string().max(10_000).optional(),
  filterTypes: z.string().max(1_000).optional(),
  disableAdjustments: z.enum(['true', 'false']).optional(),
});

function assetsRoute(dependencies: Dependencies): Route<Principal> {
  return declared.defineRoute({
    method: 'get',
    path: '/model/assets',
    operationId: 'getModelAssets',
    summary: 'Assets in the form of Kubecost',
    access: 'signed-in',
    query: assetsQuery,
    response: z.unknown(),
    errorBody,
    handler: async ({ query, principal, signal }) => {
      const { now, liveBudgetMs } = dependencies;
      const nowMs = now();
      const window = wholeHours(parseWindow(query.window, { nowMs }), '1d');
      const aggregate = assetAggregate(query.aggregate);
      const filter = parseFilter(query.filter ?? '', modelAssetFields);
      const types = (query.filterTypes ?? '').split(',').filter((type) => type !== '');
      const accounts = await clustersOf(dependencies, principal);
      const names = clusterNamesOf(accounts);
      const request = ledgerRequest(window, { nowMs, liveBudgetMs, route: 'getModelAssets', signal });
      const assets = await eachBounded(accounts, clusterConcurrency, async (account): Promise<NamedAsset[]> => {
        const found = await readClusterAssets(dependencies, account, request);
        const cluster = names.get(account.id) ?? account.id;
        return found.assets.map((asset) => ({ cluster, asset }));
      });
      const chosen = chosenAssets(assets.flat(), filter, types);
      return { code: 200, status: 'success', data: [presentAssets(chosen, window, aggregate)] };
    },
  });
}

/** `kubectl cost` asks for the currency before anything else. */
function configsRoute({ organizations }: Dependencies): Route<Principal> {
  return declared.defineRoute({
    method: 'get',
    path: '/model/getConfigs',
    operationId: 'getModelConfigs',
    summary: 'The currency in the form of Kubecost; empty when organizations of the caller differ in it',
    access: 'signed-in',
    response: z.unknown(),
    errorBody,
    handler: async ({ principal }) => {
      const found = await Promise.all(organizationsOf(principal).map((id) => organizations.find(id)));
      const currencies = new Set(found.flatMap((organization) => organization?.currency ?? []));
      const [only = ''] = currencies;
      return { code: 200, status: 'success', data: { currencyCode: currencies.size === 1 ? only : '' } };
    },
  });
}

/** What clients of OpenCost and Kubecost ask for, over the clusters of the caller's token. */
export function modelRoutes(dependencies: Dependencies): Route<Principal>[] {
  return [
    allocationRoute(dependencies, '/model/allocation', 'getModelAllocation'),
    allocationRoute(dependencies, '/model/allocation/compute', 'computeModelAllocation'),
    allocationRoute(dependencies, '/model/allocation/summary', 'getModelAllocationSummary'),
    allocationRoute(dependencies, '/model/allocation/compute/summary', 'computeModelAllocationSummary'),
    assetsRoute(dependencies),
    configsRoute(dependencies),
  ];
}
