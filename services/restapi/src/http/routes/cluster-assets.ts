import { assetTypes, sumKnownNanos, type Nanos } from '@cloudtuner/cost-model';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { sortAssets, type ClusterAsset } from '../../domain/assets';
import { readClusterAssets, type AssetSources } from '../../usecases/read-cluster-assets';
import { askedHours, findCluster, presentLedgerHead, type ClusterFinder } from '../cluster-request';
import { ledgerRequest } from '../cost-request';
import { presentCosts, presentMoney, secondsOf, type MoneyForm } from '../present-costs';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

/** What the routes of assets are made of. */
export interface AssetDependencies extends AssetSources, ClusterFinder {
  readonly now: () => number;
  readonly liveBudgetMs: number;
}

const costOf = (assets: readonly ClusterAsset[]): Nanos | null => sumKnownNanos(assets.map(({ costs }) => costs.total));

function presentAsset(asset: ClusterAsset, form: MoneyForm) {
  return {
    asset_type: asset.assetType,
    name: asset.name,
    provider_id: asset.providerId,
    properties: { ...asset.properties },
    start: secondsOf(asset.startMs),
    end: secondsOf(asset.endMs),
    covered_seconds: asset.coveredSeconds,
    ...asset.quantities,
    ...presentCosts(asset.costs, form),
  };
}

function presentTypes(assets: readonly ClusterAsset[], form: MoneyForm) {
  return assetTypes.flatMap((type) => {
    const ofType = assets.filter(({ assetType }) => assetType === type);
    if (ofType.length === 0) return [];
    return [{ asset_type: type, count: ofType.length, cost: presentMoney(costOf(ofType), form) }];
  });
}

/** What clusters run on. */
export function clusterAssetRoutes(routes: ScopedRoutes, dependencies: AssetDependencies): Route<Principal>[] {
  const { now, liveBudgetMs } = dependencies;
  return [
    routes.inCloudAccount(operations.listClusterAssets, async ({ account, query, signal }) => {
      const nowMs = now();
      const { asset_type: wanted, sort, limit, offset, money } = query;
      const window = askedHours(query, nowMs);
      const organization = await findCluster(dependencies, account);
      dependencies.noteRead(account);
      const request = ledgerRequest(window, { nowMs, liveBudgetMs, route: 'listClusterAssets', signal });
      const { ledger, assets, expiredCost } = await readClusterAssets(dependencies, account, request);
      const chosen = wanted === undefined ? assets : assets.filter(({ assetType }) => assetType === wanted);
      return {
        ...presentLedgerHead({ account, organization }, window, { ...ledger, nowMs }),
        limit,
        offset,
        total_count: chosen.length,
        total_cost: presentMoney(costOf(chosen), money),
        expired_cost: presentMoney(expiredCost, money),
        by_type: presentTypes(chosen, money),
        assets: sortAssets(chosen, sort)
          .slice(offset, offset + limit)
          .map((asset) => presentAsset(asset, money)),
      };
    }),
  ];
}
