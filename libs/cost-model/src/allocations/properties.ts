import type { AllocationFact } from '../allocation-fact';
import { unallocated } from '../filter/filter';
import { aliasFields, type AliasField, type LabelAliases } from '../filter/filter-fields';
import { aliasValue, type FilterReader } from '../filter/match-filter';

/** Name of what a node's pods left of it. */
export const idleName = '__idle__';
/** Stands for the pod of a volume that nothing mounts and of a load balancer that selects nothing. */
export const unmounted = '__unmounted__';
/** Name of shared costs that nobody is there to pay. */
export const undistributedName = '__shared__';

/** What Kubernetes objects a cost belongs to. Texts that are not known, or not the same for all of a sum, are empty. */
export interface AllocationProperties {
  readonly cluster: string;
  readonly node: string;
  readonly providerId: string;
  readonly namespace: string;
  readonly controllerKind: string;
  readonly controller: string;
  readonly pod: string;
  readonly container: string;
  /** Sorted. */
  readonly services: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Properties of what belongs to no object, such as a flat cost. */
export const noProperties: AllocationProperties = {
  cluster: '',
  node: '',
  providerId: '',
  namespace: '',
  controllerKind: '',
  controller: '',
  pod: '',
  container: '',
  services: [],
  labels: {},
  annotations: {},
};

/** Where a fact, or a sum of facts, has its properties. */
export type Owner = Pick<
  AllocationFact,
  | 'kind'
  | 'asset_type'
  | 'node'
  | 'provider_id'
  | 'namespace'
  | 'controller_kind'
  | 'controller'
  | 'pod'
  | 'container'
  | 'services'
  | 'labels'
  | 'annotations'
>;

/** A volume or load balancer that no pod uses stands under `__unmounted__` where a pod's would have a name. */
export function propertiesOf(fact: Owner, cluster: string): AllocationProperties {
  const isUnused = fact.kind === 'unattributed' && (fact.asset_type === 'disk' || fact.asset_type === 'load_balancer');
  const named = (text: string): string => (text === '' && isUnused ? unmounted : text);
  return {
    cluster,
    node: fact.node,
    providerId: fact.provider_id,
    namespace: named(fact.namespace),
    controllerKind: fact.controller_kind,
    controller: fact.controller,
    pod: named(fact.pod),
    container: named(fact.container),
    services: fact.services,
    labels: fact.labels,
    annotations: fact.annotations,
  };
}

const texts = [
  'cluster',
  'node',
  'providerId',
  'namespace',
  'controllerKind',
  'controller',
  'pod',
  'container',
] as const satisfies readonly (keyof AllocationProperties)[];

type Entries = Readonly<Record<string, string>>;

/** The same object where nothing is lost, which is the common case when thousands of rows are added up. */
function commonEntries(a: Entries, b: Entries): Entries {
  if (a === b) return a;
  const entries = Object.entries(a);
  const common = entries.filter(([key, value]) => Object.hasOwn(b, key) && b[key] === value);
  return common.length === entries.length ? a : Object.fromEntries(common);
}

function commonElements(a: readonly string[], b: readonly string[]): readonly string[] {
  return a.every((element) => b.includes(element)) ? a : a.filter((element) => b.includes(element));
}

/** What two sets of properties have in common; the first itself if that is all of it. */
export function commonProperties(a: AllocationProperties, b: AllocationProperties): AllocationProperties {
  const services = commonElements(a.services, b.services);
  const labels = commonEntries(a.labels, b.labels);
  const annotations = commonEntries(a.annotations, b.annotations);
  const differing = texts.filter((name) => a[name] !== '' && a[name] !== b[name]);
  const isSame = services === a.services && labels === a.labels && annotations === a.annotations;
  if (isSame && differing.length === 0) return a;
  return { ...a, ...Object.fromEntries(differing.map((name) => [name, ''])), services, labels, annotations };
}

const fieldProperties: Readonly<Record<string, (typeof texts)[number]>> = {
  cluster: 'cluster',
  node: 'node',
  namespace: 'namespace',
  controllerName: 'controller',
  controllerKind: 'controllerKind',
  pod: 'pod',
  container: 'container',
  provider: 'providerId',
};

/** How a filter over the allocation fields sees properties. */
export const propertiesReader: FilterReader<AllocationProperties> = {
  text: (properties, field) => {
    const name = Object.hasOwn(fieldProperties, field) ? fieldProperties[field] : undefined;
    return name === undefined ? '' : properties[name];
  },
  list: (properties) => properties.services,
  map: (properties, field) => (field === 'label' ? properties.labels : properties.annotations),
};

const isAlias = (name: string): name is AliasField => aliasFields.some((alias) => alias === name);

/** The value of one grouping name, as OpenCost spells it; never empty. */
export function groupValue(properties: AllocationProperties, key: GroupKey, aliases: LabelAliases): string {
  const value = rawGroupValue(properties, key, aliases);
  return value === undefined || value === '' ? unallocated : value;
}

function rawGroupValue(properties: AllocationProperties, key: GroupKey, aliases: LabelAliases): string | undefined {
  const { labels, annotations, controller, controllerKind, services } = properties;
  if (key.by !== 'property') {
    const map = key.by === 'label' ? labels : annotations;
    return Object.hasOwn(map, key.name) ? map[key.name] : undefined;
  }
  const { name } = key;
  if (isAlias(name)) return aliasValue(aliases[name], labels, annotations);
  switch (name) {
    case 'controller':
      return controller === '' || controllerKind === '' ? controller : `${controllerKind}:${controller}`;
    case 'deployment':
    case 'statefulset':
    case 'daemonset':
    case 'job':
      return controllerKind === name ? controller : undefined;
    case 'service':
      return properties.container === unmounted ? unmounted : services[0];
    case 'providerID':
      return properties.providerId;
    default:
      return properties[name];
  }
}

/** Names that costs can be grouped by, beside `label:x`, `annotation:x` and `all`. */
export const groupNames = [
  'cluster',
  'node',
  'namespace',
  'controllerKind',
  'controller',
  'deployment',
  'statefulset',
  'daemonset',
  'job',
  'pod',
  'container',
  'service',
  'providerID',
  ...aliasFields,
] as const;

/** One part of a grouping. */
export type GroupKey =
  | { readonly by: 'property'; readonly name: (typeof groupNames)[number] }
  | { readonly by: 'label' | 'annotation'; readonly name: string };
