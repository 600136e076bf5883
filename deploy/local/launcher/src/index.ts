export { startBackingServers, type BackingServers, type MetricsStore, type StoreKind } from './backing-servers';
export { pushHistory, type HistoryPush } from './history';
export { startLiveCluster, type LiveCluster, type LiveClusterOptions } from './live';
export { startServices, type Services } from './services';
export { StopStack } from './stop-stack';
