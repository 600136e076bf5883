import type { Filter, FilterNode } from '../filter/filter';
import { defaultLabelAliases, type LabelAliases } from '../filter/filter-fields';
import { filterPredicate } from '../filter/match-filter';
import type { Nanos } from '../money';
import { groupNameOf, parseAggregate, defaultAggregate, type Grouping } from './grouping';
import { propertiesReader, type AllocationProperties } from './properties';

/** What is asked of a set of facts, but for the window and its steps. */
export interface AllocationQuery {
  readonly grouping: Grouping;
  readonly aliases: LabelAliases;
  /** Over the allocation fields. */
  readonly filter: Filter;
  /** Rows whose cost the others pay; null shares none. */
  readonly share: Filter | null;
  /** Idle as a row of its own, left out, or divided among the containers that ran there. */
  readonly idle: 'separate' | 'hidden' | 'shared';
  /** What idle belongs to when it is shared, or scaled by a filter: the containers of its cluster or of its node. */
  readonly idleBy: 'cluster' | 'node';
  /** One idle row per cluster or node instead of one for all. */
  readonly splitIdle: boolean;
  /** Shared costs by the cost of those who pay, or the same for each row. */
  readonly shareSplit: 'weighted' | 'even';
  /** A flat cost on top of what the cluster costs, for the rows to share. */
  readonly sharedCostPerMonth: Nanos;
}

/** By container, idle apart, nothing shared, no filter. */
export const defaultAllocationQuery: AllocationQuery = {
  grouping: parseAggregate(defaultAggregate),
  aliases: defaultLabelAliases,
  filter: { kind: 'everything' },
  share: null,
  idle: 'separate',
  idleBy: 'cluster',
  splitIdle: false,
  shareSplit: 'weighted',
  sharedCostPerMonth: 0n,
};

/** Where a row goes. */
export interface RowPlacement {
  readonly name: string;
  readonly matches: boolean;
  readonly shared: boolean;
}

/** A function that says which row of the answer properties belong to, and whether they pass the filter and are shared. */
export function placerOf(query: AllocationQuery): (properties: AllocationProperties) => RowPlacement {
  const { grouping, aliases, filter, share } = query;
  const context = { reader: propertiesReader, aliases };
  const matches = filterPredicate(filter, context);
  const shared = share === null ? (): boolean => false : filterPredicate(share, context);
  return (properties) => ({
    name: groupNameOf(properties, grouping, aliases),
    matches: matches(properties),
    shared: shared(properties),
  });
}

/** The rows to share: those of any of the namespaces, and those with any of the labels; null when none are named. */
export function shareFilterOf(what: {
  readonly namespaces: readonly string[];
  readonly labels: readonly { readonly key: string; readonly value: string }[];
}): Filter | null {
  const comparisons: FilterNode[] = what.labels.map(({ key, value }) => ({
    kind: 'comparison',
    field: 'label',
    form: 'map',
    key,
    operator: ':',
    values: [value],
  }));
  if (what.namespaces.length > 0) {
    comparisons.unshift({
      kind: 'comparison',
      field: 'namespace',
      form: 'text',
      key: null,
      operator: ':',
      values: what.namespaces,
    });
  }
  const [first] = comparisons;
  if (first === undefined) return null;
  return comparisons.length === 1 ? first : { kind: 'or', operands: comparisons };
}
