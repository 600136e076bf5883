import type { DescriptionsRepository } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { askedHours, findCluster, type ClusterFinder } from '../cluster-request';
import { secondsOf } from '../present-costs';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

/** What the route is made of. */
export interface DescriptionDependencies extends ClusterFinder {
  readonly descriptions: Pick<DescriptionsRepository, 'list' | 'count'>;
  readonly now: () => number;
}

/** What clusters are. */
export function descriptionRoutes(
  routes: ScopedRoutes,
  { descriptions, now, ...finder }: DescriptionDependencies,
): Route<Principal>[] {
  return [
    routes.inCloudAccount(operations.listClusterDescriptions, async ({ account, query }) => {
      const { kind, limit, offset } = query;
      const { startMs, endMs } = askedHours(query, now());
      await findCluster(finder, account);
      finder.noteRead(account);
      const window = { start: secondsOf(startMs), end: secondsOf(endMs) };
      const hours = { from: window.start, until: window.end };
      const [count, found] = await Promise.all([
        descriptions.count(account.id, kind, hours),
        descriptions.list(account.id, kind, hours, { offset, limit }),
      ]);
      return {
        cluster_id: account.id,
        cluster_name: account.name,
        window,
        kind,
        limit,
        offset,
        total_count: count,
        descriptions: found.map(({ name, facts, since, firstSeen, lastSeen }) => ({
          ...{ name, facts, since },
          first_seen: firstSeen,
          last_seen: lastSeen,
        })),
      };
    }),
  ];
}
