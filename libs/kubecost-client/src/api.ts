/** Which of the two products answers. */
export type KubecostProduct = 'kubecost' | 'opencost';

/** What was found at an address. */
export interface KubecostApi {
  readonly product: KubecostProduct;
  /** What stands before every route: `/model` behind Kubecost's frontend, nothing at the cost model itself. */
  readonly prefix: '' | '/model';
}

/** What is asked separately: each has its own rate limit and circuit breaker. */
export const kubecostEndpoints = ['detect', 'allocation', 'assets', 'budgets', 'prediction', 'savings'] as const;

export type KubecostEndpoint = (typeof kubecostEndpoints)[number];

/** What Kubecost looks for. Each is a route below `/savings`. */
export const savingsKinds = [
  'requestSizingV2',
  'clusterSizingETL',
  'abandonedWorkloads',
  'orphanedDisks',
  'orphanedIPAddresses',
  'persistentVolumeSizing',
] as const;

export type SavingsKind = (typeof savingsKinds)[number];
