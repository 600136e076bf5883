import cluster from 'node:cluster';
import { setTimeout as setTimeoutAsync } from 'node:timers/promises';
import { ConfigError, type ConfigDefinition } from './config/config';
import type { Field } from './config/fields';
import { etcdOptions } from './etcd/etcd-config';
import { runBelowEtcd } from './etcd/run-below-etcd';
import { handOverMessage, readyMessage } from './etcd/supervise';
import { createHealth, type Health } from './health';
import { createAdminServer } from './http/admin-server';
import { createLifecycle } from './lifecycle';
import { createLogger, type Logger } from './logger';
import { createRegistry, type Registry } from './metrics';

/** A composed service. */
export interface App {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The stop has begun, but for `SHUTDOWN_DELAY_SECONDS` there still is work to be taken. */
  drain?(): void;
}

/** What the composition root is given. */
export interface AppContext {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
}

interface CommonValues {
  readonly HOST: string;
  readonly ADMIN_PORT: number;
  readonly LOG_LEVEL: string;
  readonly SHUTDOWN_DEADLINE_SECONDS: number;
  readonly SHUTDOWN_DELAY_SECONDS?: number;
}

type CommonShape = {
  readonly [K in keyof CommonValues]: Field<Exclude<CommonValues[K], undefined>>;
};

export interface ServiceDefinition<F extends CommonShape & Readonly<Record<string, Field<unknown>>>> {
  readonly name: string;
  readonly config: ConfigDefinition<F>;
  createApp(config: ReturnType<ConfigDefinition<F>['parse']>, context: AppContext): Promise<App> | App;
  /** The running process: its environment, signals and exit. */
  readonly process: NodeJS.Process;
}

// sysexits.h: EX_CONFIG
const configurationExitCode = 78;

/** Reads something of the environment; when it is not usable says why and sets the exit code. */
function tryConfig<T>(
  { name, process }: { readonly name: string; readonly process: NodeJS.Process },
  read: () => T,
): T | 'unusable' {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = configurationExitCode;
    return 'unusable';
  }
}

/**
 * Runs a service until a signal: configuration, admin port, start, graceful stop below a hard deadline.
 * With `ETCD_URL` in the environment it runs in a process of its own, with what is in etcd, and is replaced when that changes.
 * Exit codes: 0 after a signal, 1 after a failure, 78 when the configuration is not usable.
 */
export async function runService<F extends CommonShape & Readonly<Record<string, Field<unknown>>>>(
  definition: ServiceDefinition<F>,
): Promise<void> {
  const { name, config, process } = definition;
  if (cluster.isWorker) return runHere(definition);
  const etcd = tryConfig(definition, () => etcdOptions(process.env));
  if (etcd === 'unusable') return;
  if (etcd === undefined) return runHere(definition);
  const names = config.describe().map((field) => field.name);
  await runBelowEtcd({ name, names, process, check: (environment) => void config.parse(environment) }, etcd);
}

/** Runs the service in this process. */
async function runHere<F extends CommonShape & Readonly<Record<string, Field<unknown>>>>(
  definition: ServiceDefinition<F>,
): Promise<void> {
  const { name, process } = definition;
  const config = tryConfig(definition, () => definition.config.parse(process.env));
  if (config === 'unusable') return;
  const { HOST, ADMIN_PORT, LOG_LEVEL, SHUTDOWN_DEADLINE_SECONDS, SHUTDOWN_DELAY_SECONDS = 0 }: CommonValues = config;
  const logger = createLogger({ service: name, level: LOG_LEVEL });
  const registry = createRegistry(name);
  const health = createHealth();
  const lifecycle = createLifecycle(logger);
  const admin = createAdminServer({ host: HOST, port: ADMIN_PORT, registry, health, logger });

  let drain = (): Promise<void> => Promise.resolve();

  const stop = async (reason: string, exitCode: number): Promise<never> => {
    logger.info({ reason }, 'stopping');
    const isReplaced = reason === handOverMessage;
    // Who asks after the service is to hear of the one that has taken its place, on the same ports.
    if (isReplaced) await admin.stop();
    else health.setAccepting(false);
    setTimeout(() => {
      logger.error('the stop took longer than its deadline');
      process.exit(1);
    }, SHUTDOWN_DEADLINE_SECONDS * 1000).unref();
    // A process that has failed takes no more work.
    if (exitCode === 0 && !isReplaced) await drain();
    await lifecycle.stop();
    logger.info('stopped');
    return process.exit(exitCode);
  };

  let stopping: Promise<never> | undefined;
  const stopOnce = (reason: string, exitCode: number): void => {
    stopping ??= stop(reason, exitCode);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stopOnce(signal, 0);
    });
  }
  process.on('message', (message: unknown) => {
    if (cluster.isWorker && message === handOverMessage) stopOnce(handOverMessage, 0);
  });
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, event);
      stopOnce(event, 1);
    });
  }

  try {
    lifecycle.add(admin);
    const app = await definition.createApp(config, { logger, registry, health });
    lifecycle.add({ name, start: () => app.start(), stop: () => app.stop() });
    await lifecycle.start();
    drain = async () => {
      app.drain?.();
      await setTimeoutAsync(SHUTDOWN_DELAY_SECONDS * 1000);
    };
    health.setAccepting(true);
    logger.info('ready');
    if (cluster.isWorker) process.send?.(readyMessage);
  } catch (error) {
    logger.fatal({ err: error }, 'could not start');
    stopOnce('could not start', 1);
  }
}
