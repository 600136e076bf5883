import type { AllocationDay, NamedPart } from '@cloudtuner/clickhouse';
import type { AllocationQuery, GroupKey } from '@cloudtuner/cost-model';

/** A page of the dearest rows. */
export interface AllocationPage {
  readonly limit: number;
  readonly offset: number;
}

/** A page that the store can find by itself, so that not every pod of a year has to be read. */
export interface StoredPage extends AllocationPage {
  readonly parts: readonly NamedPart[];
  readonly withIdle: boolean;
}

const partsOfNames: Readonly<Record<string, NamedPart>> = {
  cluster: 'cluster',
  node: 'node',
  namespace: 'namespace',
  controllerKind: 'controller_kind',
  controller: 'controller',
  pod: 'pod',
  container: 'container',
  providerID: 'provider_id',
};

const partOf = (key: GroupKey): NamedPart | undefined => (key.by === 'property' ? partsOfNames[key.name] : undefined);

/** True when a row of the answer is what its own facts cost and nothing else: nothing is filtered, shared or divided. */
function isPlain({ filter, share, idle, splitIdle, sharedCostPerMonth }: AllocationQuery): boolean {
  return filter.kind === 'everything' && share === null && idle !== 'shared' && !splitIdle && sharedCostPerMonth === 0n;
}

/** The page as the store can find it; null where it cannot, or where there are so few rows that all are read as well. */
export function storedPageOf(query: AllocationQuery, page: AllocationPage): StoredPage | null {
  const parts = query.grouping.map(partOf);
  const known = parts.filter((part) => part !== undefined);
  const areMany = known.includes('pod') || known.includes('container');
  if (!isPlain(query) || known.length < parts.length || !areMany) return null;
  return { ...page, parts: known, withIdle: query.idle === 'separate' };
}

/** Hours that are read one by one, because there is no sum of their day. */
export function unsummedHours(days: readonly AllocationDay[]): number {
  return days.reduce((sum, { rollup, hours }) => sum + (rollup === null ? hours.length : 0), 0);
}
