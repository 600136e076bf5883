import type { AllocationFact, AssetFact } from '@cloudtuner/cost-model';
import type { Observed } from '@cloudtuner/metadata';
import type { KubecostDescriptions } from '@cloudtuner/metroculus-client';

/** What an hour says of what a cluster is. */
export interface DescribedHour {
  readonly descriptions: Pick<KubecostDescriptions, 'info' | 'nodes' | 'namespaces'>;
  readonly assets: readonly AssetFact[];
  readonly allocations: readonly AllocationFact[];
}

type Texts = Readonly<Record<string, string>>;

const zoneLabels = ['topology_kubernetes_io_zone', 'failure_domain_beta_kubernetes_io_zone'];

// What controllers write on each of their pods, anew with every rollout or run.
const labelsOfRuns = new Set([
  'batch_kubernetes_io_controller_uid',
  'batch_kubernetes_io_job_name',
  'controller_revision_hash',
  'controller_uid',
  'job_name',
  'pod_template_generation',
  'pod_template_hash',
  'statefulset_kubernetes_io_pod_name',
  'apps_kubernetes_io_pod_index',
]);

/** A document has some hundred of these. */
const maxFactsLength = 64 * 1024;

/** What is too large to be kept with its history is left out, annotations first. */
function withinLimit(observed: Observed): Observed {
  const { facts } = observed;
  if (JSON.stringify(facts).length <= maxFactsLength) return observed;
  const smaller = { ...facts, annotations: null, too_large: true };
  const small = JSON.stringify(smaller).length <= maxFactsLength ? smaller : { ...smaller, labels: null };
  return { ...observed, facts: small };
}

function nodesOf({ assets, descriptions }: DescribedHour): Observed[] {
  const labelsOf = new Map(descriptions.nodes.map(({ node, labels }) => [node, labels]));
  return assets
    .filter(({ asset_type }) => asset_type === 'node')
    .map(({ asset_key: name, provider_id, properties }) => {
      const labels = labelsOf.get(name) ?? null;
      const zone = zoneLabels.map((label) => labels?.[label]).find((text) => text !== undefined) ?? null;
      const { instance_type = null, region = null, arch = null, spot } = properties;
      const isSpot = spot === undefined || spot === '' ? null : spot === 'true';
      return { kind: 'node', name, facts: { provider_id, instance_type, region, arch, zone, spot: isSpot, labels } };
    });
}

function namespacesOf({ descriptions }: DescribedHour): Observed[] {
  return descriptions.namespaces.map(({ namespace, labels, annotations, quotas }) => ({
    kind: 'namespace',
    name: namespace,
    facts: { labels, annotations, quotas },
  }));
}

const common = (left: Texts, right: Texts): Texts =>
  Object.fromEntries(Object.entries(left).filter(([name, value]) => right[name] === value));

/** Controllers with the labels that all of their pods have; not those of the nodes that these happen to run on. */
function workloadsOf({ allocations, descriptions }: DescribedHour): Observed[] {
  const ofNodes = new Set(descriptions.nodes.flatMap(({ labels }) => Object.keys(labels)));
  const workloads = new Map<string, { readonly row: AllocationFact; labels: Texts }>();
  for (const row of allocations) {
    if (row.kind !== 'container' || row.controller === '') continue;
    const name = `${row.namespace}/${row.controller_kind}/${row.controller}`;
    const known = workloads.get(name);
    if (known === undefined) workloads.set(name, { row, labels: row.labels });
    else known.labels = common(known.labels, row.labels);
  }
  return [...workloads].map(([name, { row, labels }]) => {
    const own = Object.entries(labels).filter(([label]) => !ofNodes.has(label) && !labelsOfRuns.has(label));
    const { namespace, controller_kind, controller } = row;
    return {
      kind: 'workload',
      name,
      facts: { namespace, controller_kind, controller, labels: Object.fromEntries(own) },
    };
  });
}

/** Everything that an hour says of what a cluster is, its nodes, namespaces and workloads. What it does not tell of is not in it. */
export function observedIn(hour: DescribedHour): readonly Observed[] {
  const { info } = hour.descriptions;
  const cluster: Observed[] = info === null ? [] : [{ kind: 'info', name: '', facts: info }];
  return [...cluster, ...nodesOf(hour), ...namespacesOf(hour), ...workloadsOf(hour)].map(withinLimit);
}
