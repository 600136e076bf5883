export {
  runAsProcess,
  runCommandLine,
  UsageError,
  type CommandLine,
  type CommandOptions,
  type Terminal,
} from './command-line';
export {
  ConfigError,
  defineConfig,
  type ConfigDefinition,
  type ConfigOf,
  type FieldDescription,
} from './config/config';
export { env, type Field } from './config/fields';
export {
  commonConfig,
  serverTlsConfig,
  serverTlsOptions,
  tlsConfig,
  tlsOptions,
  type ServerTlsOptions,
  type TlsOptions,
} from './config/shared-fields';
export { etcdConfig } from './etcd/etcd-config';
export { createHealth, type Health, type Readiness } from './health';
export { createAdminServer } from './http/admin-server';
export { answerHealth } from './http/health-routes';
export { createHttpApp, type HttpAppOptions } from './http/http-app';
export { createHttpServer, type HttpServer, type HttpServerOptions } from './http/http-server';
export { requestIdFrom, requestIdHeader } from './http/request-id';
export {
  routesFor,
  type Answered,
  type AuthenticationRequest,
  type HttpMethod,
  type Route,
  type RouteInput,
} from './http/route';
export type { StaticAsset } from './http/static-asset';
export { createLifecycle, type Lifecycle, type LifecyclePart } from './lifecycle';
export { createLogger, type Logger } from './logger';
export { Counter, createRegistry, Gauge, Histogram, Registry } from './metrics';
export { currentRequestId, runWithRequestId } from './request-context';
export { runService, type App, type AppContext, type ServiceDefinition } from './run-service';
