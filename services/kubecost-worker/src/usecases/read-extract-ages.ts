import { extractKinds } from '../domain/extraction';
import type { ExtractAge, ExtractStore } from '../extract-ports';
import type { Accounts, Clock } from '../ports';

/**
 * How old what we have of every account with an endpoint is, by kind. Budgets are those of the moment at which they were read; OpenCost
 * has none, and what is not offered does not grow old.
 *
 * @throws `metadata-unavailable`, `clickhouse-unavailable`
 */
export async function readExtractAges(ports: {
  readonly accounts: Pick<Accounts, 'list'>;
  readonly store: Pick<ExtractStore, 'newest'>;
  readonly now: Clock;
}): Promise<readonly ExtractAge[]> {
  const { accounts, store, now } = ports;
  const asked = (await accounts.list()).flatMap(({ id, kubecost }) =>
    kubecost === undefined ? [] : [{ id, kubecost }],
  );
  if (asked.length === 0) return [];
  const newestOfAll = await store.newest(asked.map(({ id }) => id));
  const found = new Map(newestOfAll.map((one) => [`${one.cloudAccountId} ${one.kind}`, one]));
  const products = new Map(
    [...newestOfAll]
      .sort((left, right) => left.readAtMs - right.readAtMs)
      .map(({ cloudAccountId, product }) => [cloudAccountId, product]),
  );
  return asked.flatMap(({ id, kubecost }) =>
    extractKinds
      .filter((kind) => kind !== 'budgets' || products.get(id) !== 'opencost')
      .map((kind) => {
        const newest = found.get(`${id} ${kind}`);
        const at = kind === 'budgets' ? (newest?.readAtMs ?? null) : newest === undefined ? null : newest.end * 1_000;
        const seconds = Math.max(0, (now() - (at ?? kubecost.configuredAt.getTime())) / 1_000);
        return { cloudAccountId: id, kind, seconds };
      }),
  );
}
