import type { Filter, FilterNode } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { labelsOf } from '../allocation-request';

/** The older way to filter: one parameter per field, values with commas, `*` at the end for a prefix. */
const filterParameters = {
  filterClusters: 'cluster',
  filterNodes: 'node',
  filterNamespaces: 'namespace',
  filterControllerKinds: 'controllerKind',
  filterControllers: 'controllerName',
  filterPods: 'pod',
  filterContainers: 'container',
} as const;

type FilterParameter = keyof typeof filterParameters;

const textOf = (field: string, value: string): FilterNode => ({
  kind: 'comparison',
  field,
  form: 'text',
  key: null,
  operator: value.endsWith('*') ? '<~:' : ':',
  values: [value.replace(/\*$/, '')],
});

/** `deployment:web` names a kind too. */
function controllerOf(value: string): FilterNode {
  const [, kind, name] = /^([^:]+):(.*)$/.exec(value) ?? [];
  if (kind === undefined || name === undefined) return textOf('controllerName', value);
  return { kind: 'and', operands: [textOf('controllerKind', kind), textOf('controllerName', name)] };
}

const anyOf = (nodes: readonly FilterNode[]): FilterNode[] => {
  const [only] = nodes;
  if (only === undefined) return [];
  return [nodes.length === 1 ? only : { kind: 'or', operands: nodes }];
};

function fieldFilter(parameter: FilterParameter, text: string | undefined): FilterNode[] {
  const values = (text ?? '').split(',').filter((value) => value !== '');
  return anyOf(
    values.map((value) =>
      parameter === 'filterControllers' ? controllerOf(value) : textOf(filterParameters[parameter], value),
    ),
  );
}

function mapFilter(field: 'label' | 'annotation', parameter: string, text: string | undefined): FilterNode[] {
  if (text === undefined || text === '') return [];
  return anyOf(
    labelsOf(parameter, text).map(({ key, value }) => ({
      kind: 'comparison',
      field,
      form: 'map',
      key,
      operator: value.endsWith('*') ? '<~:' : ':',
      values: [value.replace(/\*$/, '')],
    })),
  );
}

/** The older parameters and a filter as one: all of them have to pass. @throws AppError `invalid-request` */
export function joinedFilter(
  filter: Filter,
  parameters: Readonly<Partial<Record<FilterParameter | 'filterLabels' | 'filterAnnotations', string | undefined>>>,
): Filter {
  const names = Object.keys(filterParameters) as FilterParameter[];
  const older = [
    ...names.flatMap((name) => fieldFilter(name, parameters[name])),
    ...mapFilter('label', 'filterLabels', parameters.filterLabels),
    ...mapFilter('annotation', 'filterAnnotations', parameters.filterAnnotations),
  ];
  if (older.length > 0 && filter.kind !== 'everything') {
    throw new AppError('invalid-request', 'query filter: cannot be joined with the older filter parameters');
  }
  const [only] = older;
  if (only === undefined) return filter;
  return older.length === 1 ? only : { kind: 'and', operands: older };
}
