export { allocationSchema, type KubecostAllocation } from './allocation-schema';
export { savingsKinds, type KubecostApi, type KubecostEndpoint, type KubecostProduct, type SavingsKind } from './api';
export { assetSchema, type KubecostAsset } from './asset-schema';
export {
  createKubecostClient,
  type AllocationQuery,
  type AssetQuery,
  type CallOptions,
  type KubecostClient,
  type KubecostClientOptions,
} from './client';
export {
  createKubecostClients,
  type KubecostAccount,
  type KubecostClients,
  type KubecostClientsOptions,
} from './clients';
export { containerCosts, containerQuantities, isContainerRow, toKubecostRows } from './container-costs';
export {
  createEndpointPolicy,
  deniedByDefault,
  endpointList,
  endpointRules,
  type EndpointPolicy,
} from './endpoint-policy';
export type { KubecostBudget, KubecostPrediction, KubecostSavings } from './governance-schema';
export type { BreakerState, ResilienceOptions } from './resilience';
export type { KubecostTls } from './transport';
