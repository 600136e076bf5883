export { startKubecostServer, type Fault, type KubecostServer } from '@cloudtuner/kubecost-server';
export {
  freePort,
  startClickhouse,
  startEtcd,
  startInflux,
  startMongo,
  startPrometheus,
  startRedis,
  startService,
  startThanos,
  waitFor,
  type ClickhouseServer,
  type LocalServer,
  type LocalService,
  type PrometheusOptions,
  type PrometheusServer,
  type RemoteWriteTarget,
  type ScrapeJob,
  type ServiceOptions,
  type StartOptions,
  type ThanosServer,
  type WaitOptions,
} from '@cloudtuner/local-servers';
export { createSampleCluster, type SampleCluster } from '@cloudtuner/sample-cluster';
export { captureLog, type LogCapture } from './log-capture';
export { parseOpenMetrics, type OpenMetricsFamily } from './openmetrics';
export { randomDatabase, randomPrefix, randomTenant } from './random-names';
export { runSchemathesis, type SchemathesisOutcome } from './schemathesis';
export { sharedServers, type ClickhouseAddress, type SharedServers, type StoreAddress } from './shared-servers';
export { startSilentServer, type SilentServer } from './silent-server';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder';
