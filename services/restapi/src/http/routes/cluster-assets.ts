import { assetTypes, sumKnownNanos, type Nanos, type TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount, Organization } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { sortAssets, type ClusterAsset } from '../../domain/assets';
import { readClusterAssets, type AssetSources } from '../../usecases/read-cluster-assets';
import { readLive, readLiveAssets, type LiveSources } from '../../usecases/read-live-costs';
import { askedHours, findCluster, presentLedgerHead, type ClusterFinder } from '../cluster-request';
import { ledgerRequest } from '../cost-request';
import { presentLiveHead } from '../live-costs';
import { presentCosts, presentMoney, presentSource, secondsOf, type MoneyForm } from '../present-costs';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

/** What the routes of assets are made of. */
export interface AssetDependencies extends AssetSources, Omit<LiveSources, 'facts'>, ClusterFinder {
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

/** What the facts know, with the head of its answer. */
async function readStored(
  dependencies: AssetDependencies,
  subject: { readonly account: CloudAccount; readonly organization: Organization },
  { window, nowMs, signal }: { readonly window: TimeWindow; readonly nowMs: number; readonly signal: AbortSignal },
) {
  const { liveBudgetMs } = dependencies;
  const request = ledgerRequest(window, { nowMs, liveBudgetMs, route: 'listClusterAssets', signal });
  const { ledger, assets, expiredCost } = await readClusterAssets(dependencies, subject.account, request);
  return { head: presentLedgerHead(subject, window, { ...ledger, nowMs }), assets, expiredCost };
}

/** What clusters run on. */
export function clusterAssetRoutes(routes: ScopedRoutes, dependencies: AssetDependencies): Route<Principal>[] {
  const { now } = dependencies;
  return [
    routes.inCloudAccount(operations.listClusterAssets, async ({ account, query, signal }) => {
      const nowMs = now();
      const { asset_type: wanted, sort, limit, offset, money, source } = query;
      const window = askedHours(query, nowMs);
      const organization = await findCluster(dependencies, account);
      dependencies.noteRead(account);
      const subject = { account, organization };
      const live = await readLive(dependencies, { source, account, signal }, () =>
        readLiveAssets(dependencies, account, { window, signal }),
      );
      const { head, assets, expiredCost } =
        live.answer === null
          ? await readStored(dependencies, subject, { window, nowMs, signal })
          : {
              ...{ head: presentLiveHead(subject, window, live.answer.dataVersion), expiredCost: null },
              assets: live.answer.assets,
            };
      const chosen = wanted === undefined ? assets : assets.filter(({ assetType }) => assetType === wanted);
      return {
        ...head,
        ...presentSource(live.reason),
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
