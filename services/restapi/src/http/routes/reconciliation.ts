import { createHash } from 'node:crypto';
import type { Reconciliation } from '@cloudtuner/clickhouse';
import { msPerHour, nanosToNumber, sumNanos, type Nanos, type ReconciledCost } from '@cloudtuner/cost-model';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import type { FactsReader, ReconciliationReader } from '../../ports';
import { askedHours, findCluster, presentHead, type ClusterFinder } from '../cluster-request';
import { presentMoney, type MoneyForm } from '../present-costs';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

/** What the route is made of. */
export interface ReconciliationDependencies extends ClusterFinder {
  readonly reconciliations: ReconciliationReader;
  readonly facts: Pick<FactsReader, 'lastSampleMs'>;
  readonly now: () => number;
}

type Compared = Pick<ReconciledCost, 'ours' | 'theirs' | 'difference'>;

const magnitudeOf = (nanos: Nanos): Nanos => (nanos < 0n ? -nanos : nanos);

function presentComparison({ ours, theirs, difference }: Compared, form: MoneyForm) {
  return {
    ours: presentMoney(ours, form),
    kubecost: presentMoney(theirs, form),
    difference: presentMoney(difference, form),
    // A ratio for display: what it is made of are exact sums.
    relative_difference:
      difference === null || theirs === 0n ? null : nanosToNumber(difference) / nanosToNumber(theirs),
  };
}

/** Of what is known on both sides. */
function totalOf(costs: readonly ReconciledCost[]): Compared {
  const known = costs.flatMap((cost) => (cost.ours === null ? [] : [{ ours: cost.ours, theirs: cost.theirs }]));
  const [ours, theirs] = [sumNanos(known.map((cost) => cost.ours)), sumNanos(known.map((cost) => cost.theirs))];
  return { ours, theirs, difference: ours - theirs };
}

function sortCosts(costs: readonly ReconciledCost[], order: '-difference' | 'name' | '-name'): ReconciledCost[] {
  // They come by namespace and resource. What is not known differs by what nobody can say: last.
  const sizeOf = ({ difference }: ReconciledCost): Nanos => (difference === null ? -1n : magnitudeOf(difference));
  if (order === 'name') return [...costs];
  if (order === '-name') return [...costs].reverse();
  return [...costs].sort((left, right) => Number(sizeOf(right) > sizeOf(left)) - Number(sizeOf(right) < sizeOf(left)));
}

function versionOf({ hours }: Reconciliation): string {
  const hash = createHash('sha256');
  for (const { hour, ours, sha256 } of hours) hash.update(`${String(hour)} ${ours.dataVersion} ${sha256}\n`);
  return hash.digest('hex');
}

/** Our costs held against those of the customer's own Kubecost. */
export function reconciliationRoutes(
  routes: ScopedRoutes,
  dependencies: ReconciliationDependencies,
): Route<Principal>[] {
  const { reconciliations, facts, now } = dependencies;
  return [
    routes.inCloudAccount(operations.getClusterReconciliation, async ({ account, query, signal }) => {
      const nowMs = now();
      const { namespace, resource, sort, limit, offset, money } = query;
      const window = askedHours(query, nowMs);
      const organization = await findCluster(dependencies, account);
      dependencies.noteRead(account);
      const options = { route: 'getClusterReconciliation', signal };
      const [reconciliation, lastSampleMs] = await Promise.all([
        reconciliations.readReconciliation(account.id, window, options),
        facts.lastSampleMs(account.id, options),
      ]);
      const { hours, costs, consistency, kubecostOnly } = reconciliation;
      const begunMs = Math.max(0, Math.min(window.endMs, nowMs) - window.startMs);
      const windowHours = Math.ceil(begunMs / msPerHour);
      const coverage = windowHours === 0 ? null : hours.length / windowHours;
      const chosen = costs.filter(
        (cost) =>
          (namespace === undefined || cost.namespace === namespace) &&
          (resource === undefined || cost.resource === resource),
      );
      const isEmpty = hours.length === 0;
      const only = (nanos: Nanos) => presentMoney(nanos, money);
      return {
        ...presentHead({ account, organization }, window, { coverage, lastSampleMs, flags: [], warnings: [] }),
        data_version: versionOf(reconciliation),
        limit,
        offset,
        total_count: chosen.length,
        compared_hours: hours.length,
        window_hours: windowHours,
        consistency,
        total: isEmpty ? null : presentComparison(totalOf(chosen), money),
        kubecost_only: isEmpty
          ? null
          : {
              shared: only(kubecostOnly.shared),
              external: only(kubecostOnly.external),
              other: only(kubecostOnly.other),
            },
        rows: sortCosts(chosen, sort)
          .slice(offset, offset + limit)
          .map((cost) => ({
            ...presentComparison(cost, money),
            namespace: cost.namespace,
            resource: cost.resource,
          })),
      };
    }),
  ];
}
