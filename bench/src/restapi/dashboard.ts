const secondsPerDay = 86_400;

/** What a request of the dashboard is for, and where it goes. */
export interface DashboardRequest {
  readonly route: string;
  readonly path: string;
}

/** Whose dashboard it is. */
export interface DashboardOf {
  readonly organizationId: string;
  readonly clusterId: string;
  readonly namespace: string;
  /** When the newest day ended, unix seconds. */
  readonly until: number;
}

/** One view of a dashboard over the last days: each route once. */
export function dashboardRequests({ organizationId, clusterId, namespace, until }: DashboardOf, days: number) {
  const from = String(until - days * secondsPerDay);
  const window = `start_time=${from}&end_time=${String(until)}`;
  const dates = `start_date=${from}&end_date=${String(until)}`;
  const cluster = `/restapi/v2/kubecost/clusters/${clusterId}`;
  const organization = `/restapi/v2/organizations/${organizationId}`;
  const all: readonly (readonly [route: string, path: string])[] = [
    ['costs by day', `${cluster}/costs?${window}&step=1d`],
    ['costs by namespace', `${cluster}/costs?${window}&aggregate=namespace`],
    ['costs by controller', `${cluster}/costs?${window}&aggregate=namespace,controllerKind,controller&limit=100`],
    ['costs by pod', `${cluster}/costs?${window}&aggregate=namespace,pod&limit=100`],
    ['assets', `${cluster}/assets?${window}`],
    ['namespaces', `${cluster}/namespaces?${window}`],
    ['workloads', `${cluster}/namespaces/${namespace}/workloads?${window}`],
    ['clean expenses', `/restapi/v2/clean_expenses?organization_id=${organizationId}&${dates}`],
    ['breakdown expenses', `${organization}/breakdown_expenses?${dates}&breakdown_by=k8s_namespace`],
    ['organization allocation', `${organization}/kubecost/allocation?${window}&aggregate=namespace`],
  ];
  return all.map(([route, path]): DashboardRequest => ({ route, path }));
}
