import type { Matcher } from '@cloudtuner/prometheus-client';

/** Labels that name a container; a scrape without honor_labels renames the exporter's. */
export const containerLabels = [
  'namespace',
  'pod',
  'container',
  'exported_namespace',
  'exported_pod',
  'exported_container',
];

/** Without the cgroup of the whole pod and without the container that only holds its network. */
export const realContainers: readonly Matcher[] = [
  { label: 'container', operator: '!=', value: '' },
  { label: 'container', operator: '!=', value: 'POD' },
];
