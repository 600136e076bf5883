import { createLogger } from '../logger';
import type { EtcdOptions } from './etcd-config';
import { settingsOf } from './etcd-settings';
import { connectEtcd } from './etcd-source';
import { supervise } from './supervise';

// A service that has not begun by then hangs; while it tries, the one before goes on.
const startDeadlineMs = 120_000;
// The longest deadline that a stop can have, and some.
const stopDeadlineMs = 660_000;

/** A service as far as its settings are concerned. */
export interface SettingsOfService {
  readonly name: string;
  readonly names: readonly string[];
  /** @throws ConfigError */
  readonly check: (environment: Readonly<Record<string, string | undefined>>) => void;
  readonly process: NodeJS.Process;
}

/** Runs a service below a process that follows etcd. Without etcd at the start it does not start: exit code 1. */
export async function runBelowEtcd(service: SettingsOfService, options: EtcdOptions): Promise<void> {
  const { name, names, check, process } = service;
  const logger = createLogger({ service: name, level: 'info' });
  const source = await connectEtcd(options);
  try {
    const keys = await source.readPatiently();
    const where = { prefix: options.prefix, service: name, names };
    supervise(
      {
        ...{ source, check, logger, process, startDeadlineMs, stopDeadlineMs },
        settingsOf: (found) => settingsOf(found, where),
      },
      keys,
    );
  } catch (error) {
    source.close();
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
