import cluster, { type Worker } from 'node:cluster';
import type { Logger } from '../logger';
import type { EtcdSource } from './etcd-source';
import { changedNames, openSettings, type Settings } from './etcd-settings';

/** What a process tells the one that started it, when it has begun its work. */
export const readyMessage = 'ready';
/** What it is told when another one has taken its place. */
export const handOverMessage = 'hand-over';

/** What {@link supervise} works with. */
export interface SuperviseOptions {
  readonly source: EtcdSource;
  /** What etcd says for this service. */
  readonly settingsOf: (keys: ReadonlyMap<string, string>) => Settings;
  /** @throws ConfigError when a service could not start with these */
  readonly check: (environment: Readonly<Record<string, string | undefined>>) => void;
  readonly logger: Logger;
  readonly process: NodeJS.Process;
  /** How long a process may take until it is ready. */
  readonly startDeadlineMs: number;
  /** How long one that was replaced may take until it is gone. */
  readonly stopDeadlineMs: number;
}

// Several keys are changed one after the other.
const settleMs = 1_000;

/** Starts a process with these settings; answers it when it is ready, or null when it never was. */
async function startProcess(settings: Settings, startDeadlineMs: number): Promise<Worker | null> {
  const worker = cluster.fork({ ...settings });
  return new Promise((resolve) => {
    const late = setTimeout(() => worker.process.kill('SIGKILL'), startDeadlineMs);
    worker.once('exit', () => {
      clearTimeout(late);
      resolve(null);
    });
    worker.on('message', (message: unknown) => {
      if (message !== readyMessage) return;
      clearTimeout(late);
      resolve(worker);
    });
  });
}

/** One process that does the work, and its successor. */
class Succession {
  private current: Worker | undefined;
  private settings: Settings = {};
  private ending = false;

  constructor(private readonly options: SuperviseOptions) {}

  /** The first process: it may take as long as it likes, and its end is ours. */
  begin(settings: Settings): void {
    this.settings = settings;
    this.follow(cluster.fork({ ...settings }));
  }

  /** Puts a process with these settings in the place of the current one, if they are others and one can start with them. */
  async take(settings: Settings): Promise<void> {
    const { logger, check, process, startDeadlineMs } = this.options;
    const names = changedNames(this.settings, settings);
    if (names.length === 0 || this.isEnding()) return;
    try {
      check({ ...process.env, ...settings });
    } catch (error) {
      // Its problems are names and rules, never values.
      const reason = error instanceof Error ? error.message : 'unknown';
      logger.error({ names, reason }, 'settings in etcd are not usable: the old ones stay');
      return;
    }
    logger.info({ names }, 'settings in etcd have changed: starting a process that has them');
    const next = await startProcess(settings, startDeadlineMs);
    if (next === null) {
      logger.error({ names }, 'no process could start with the settings in etcd: the old one stays');
      return;
    }
    const old = this.current;
    this.settings = settings;
    this.follow(next);
    if (this.isEnding()) next.process.kill('SIGTERM');
    else if (old !== undefined) this.retire(old);
  }

  /** Ends all and then this process. */
  end(signal: NodeJS.Signals): void {
    this.ending = true;
    this.options.source.close();
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal);
  }

  private isEnding(): boolean {
    return this.ending;
  }

  private isCurrent(worker: Worker): boolean {
    return this.current === worker;
  }

  private follow(worker: Worker): void {
    this.current = worker;
    worker.once('exit', () => {
      if (this.isCurrent(worker)) this.endWith(worker.process.exitCode ?? 1);
    });
  }

  /** The process that did the work is gone, and so is this one when the others are. */
  private endWith(exitCode: number): void {
    const { source, process } = this.options;
    source.close();
    const others = Object.values(cluster.workers ?? {}).filter((other) => other !== undefined && !other.isDead());
    if (others.length === 0) process.exit(exitCode);
    for (const other of others) {
      other?.once('exit', () => {
        this.endWith(exitCode);
      });
      other?.process.kill('SIGTERM');
    }
  }

  private retire(old: Worker): void {
    const late = setTimeout(() => old.process.kill('SIGKILL'), this.options.stopDeadlineMs);
    old.once('exit', () => {
      clearTimeout(late);
    });
    if (old.isConnected()) old.send(handOverMessage);
  }
}

/**
 * Runs the service in a process of its own whose environment has what is in etcd. When that changes, a second process starts with the new
 * settings; both share the listening sockets, and when the second is ready the first takes no more, finishes what it has and ends. So nothing is
 * refused or cut, and no service has to know that its settings can change. etcd being away changes nothing.
 */
export function supervise(options: SuperviseOptions, first: ReadonlyMap<string, string>): void {
  const { source, settingsOf, logger, process } = options;
  const settingsIn = (keys: ReadonlyMap<string, string>): Settings => openSettings(settingsOf(keys), process.env);
  const succession = new Succession(options);
  let isAway = false;

  const look = async (): Promise<void> => {
    try {
      const keys = await source.read();
      if (isAway) logger.info('etcd can be read again');
      isAway = false;
      await succession.take(settingsIn(keys));
    } catch (error) {
      if (!isAway)
        logger.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'the settings stay as they are');
      isAway = true;
    }
  };
  let looking: Promise<void> = Promise.resolve();
  let settling: NodeJS.Timeout | undefined;

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      clearTimeout(settling);
      succession.end('SIGTERM');
    });
  }
  succession.begin(settingsIn(first));
  source.watch(() => {
    settling ??= setTimeout(() => {
      settling = undefined;
      looking = looking.then(look);
    }, settleMs);
  });
}
