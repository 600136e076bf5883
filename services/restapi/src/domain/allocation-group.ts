import type { AllocationColumn, AllocationGroup } from '@cloudtuner/clickhouse';
import {
  aliasFields,
  sanitizeLabelKey,
  testsOf,
  type AllocationQuery,
  type FilterTest,
  type GroupKey,
} from '@cloudtuner/cost-model';

/** What a query tells rows apart by. Each need is a name, `kind:key` for keys of labels and annotations. */
interface Needs {
  readonly columns: Set<AllocationColumn>;
  readonly labelKeys: Set<string>;
  readonly annotationKeys: Set<string>;
  services: boolean;
  labelNames: boolean;
  annotationNames: boolean;
}

const controller = ['controller_kind', 'controller'] as const;

const columnsOfNames: Readonly<Record<string, readonly AllocationColumn[]>> = {
  cluster: [],
  node: ['node'],
  namespace: ['namespace'],
  controllerKind: ['controller_kind'],
  controller,
  deployment: controller,
  statefulset: controller,
  daemonset: controller,
  job: controller,
  pod: ['pod'],
  container: ['container'],
  service: [],
  providerID: ['provider_id'],
  // Of filters.
  controllerName: ['controller'],
  provider: ['provider_id'],
};

/** An alias is the first of its labels that is there, else the first of its annotations. */
function needAlias(needs: Needs, name: string, { aliases }: AllocationQuery): boolean {
  const alias = aliasFields.find((field) => field === name);
  if (alias === undefined) return false;
  for (const key of aliases[alias].map(sanitizeLabelKey)) {
    needs.labelKeys.add(key);
    needs.annotationKeys.add(key);
  }
  return true;
}

function needGroupKey(needs: Needs, key: GroupKey, query: AllocationQuery): void {
  if (key.by === 'label') needs.labelKeys.add(key.name);
  else if (key.by === 'annotation') needs.annotationKeys.add(key.name);
  else if (!needAlias(needs, key.name, query)) {
    for (const column of columnsOfNames[key.name] ?? []) needs.columns.add(column);
    if (key.name === 'service') needs.services = true;
  }
}

function needTest(needs: Needs, test: FilterTest, query: AllocationQuery): void {
  switch (test.on) {
    case 'alias':
      needAlias(needs, test.field, query);
      break;
    case 'list':
      needs.services = true;
      break;
    case 'keys':
      if (test.field === 'label') needs.labelNames = true;
      else needs.annotationNames = true;
      break;
    case 'value':
      (test.field === 'label' ? needs.labelKeys : needs.annotationKeys).add(test.key);
      break;
    case 'text':
      for (const column of columnsOfNames[test.field] ?? []) needs.columns.add(column);
  }
}

/** Idle by node has to be known by node when it is divided or shown by it. */
function needsNode({ idle, idleBy, splitIdle, filter, share }: AllocationQuery): boolean {
  if (idleBy !== 'node' || idle === 'hidden') return false;
  return idle === 'shared' || splitIdle || filter.kind !== 'everything' || share !== null;
}

/**
 * The coarsest grouping of stored rows from which a query can be answered: every column that it groups, filters or shares by.
 * `more` are columns that the caller wants to see beside.
 */
export function groupOf(query: AllocationQuery, more: readonly AllocationColumn[] = []): AllocationGroup {
  const needs: Needs = {
    columns: new Set(more),
    labelKeys: new Set(),
    annotationKeys: new Set(),
    services: false,
    labelNames: false,
    annotationNames: false,
  };
  for (const key of query.grouping) needGroupKey(needs, key, query);
  const tests = [query.filter, query.share].flatMap((filter) => (filter === null ? [] : testsOf(filter)));
  for (const test of tests) needTest(needs, test, query);
  if (needsNode(query)) needs.columns.add('node');
  const { services, labelNames, annotationNames } = needs;
  const annotationKeys = [...needs.annotationKeys].sort();
  const hasDetails = services || labelNames || annotationNames || annotationKeys.length > 0;
  return {
    columns: [...needs.columns].sort(),
    labelKeys: [...needs.labelKeys].sort(),
    ...(hasDetails ? { details: { services, annotationKeys, labelNames, annotationNames } } : {}),
  };
}
