/** How the value of a field is compared: one text, a list of texts, a map by key, or a label chosen by configuration. */
export type FilterFieldForm = 'text' | 'list' | 'map' | 'alias';

/** The names that a filter may compare, and the form of each. Names are case-sensitive. */
export type FilterFields = Readonly<Record<string, FilterFieldForm>>;

/** Fields that stand for a label, or an annotation where there is no such label. */
export const aliasFields = ['department', 'environment', 'owner', 'product', 'team'] as const;

export type AliasField = (typeof aliasFields)[number];

/** The labels behind each alias: the first that is there counts. */
export type LabelAliases = Readonly<Record<AliasField, readonly string[]>>;

/** **Source**: OpenCost's default label names. */
export const defaultLabelAliases: LabelAliases = {
  department: ['department'],
  environment: ['env'],
  owner: ['owner'],
  product: ['app'],
  team: ['team'],
};

const aliases = {
  department: 'alias',
  environment: 'alias',
  owner: 'alias',
  product: 'alias',
  team: 'alias',
} as const satisfies Record<AliasField, FilterFieldForm>;

/** **Source**: the allocation fields of OpenCost's filter language v2. `provider` is the provider id of the node. */
export const allocationFilterFields = {
  cluster: 'text',
  node: 'text',
  namespace: 'text',
  controllerName: 'text',
  controllerKind: 'text',
  pod: 'text',
  container: 'text',
  provider: 'text',
  services: 'list',
  label: 'map',
  annotation: 'map',
  ...aliases,
} as const satisfies FilterFields;

/** **Source**: the asset fields of OpenCost's filter language v2. */
export const assetFilterFields = {
  name: 'text',
  assetType: 'text',
  category: 'text',
  cluster: 'text',
  project: 'text',
  provider: 'text',
  providerID: 'text',
  account: 'text',
  service: 'text',
  label: 'map',
  ...aliases,
} as const satisfies FilterFields;

const notOfLabelNames = /[^a-zA-Z0-9_]/g;

/** A label key as Prometheus carries it, which is how facts carry it: `app.kubernetes.io/name` is `app_kubernetes_io_name`. */
export function sanitizeLabelKey(key: string): string {
  return key.replace(notOfLabelNames, '_');
}
