import type { Exit } from './process-runner';

/** A running server of this machine, or one that somebody else runs (`kind: 'url'`), which the controls leave alone. */
export interface LocalServer {
  readonly name: string;
  readonly kind: 'url' | 'docker' | 'binary' | 'node';
  /** What a client connects to. */
  readonly url: string;
  readonly port: number;
  /** The current process; undefined for a URL. With Docker, the process of the `docker run` in the foreground. */
  readonly pid: number | undefined;
  /** Undefined for a URL. */
  readonly dataDir: string | undefined;
  /** Settles when the current run ends, for whatever reason; never for a URL. */
  readonly exited: Promise<Exit>;
  /** The last lines of its log. */
  lastLines(count?: number): string[];
  /** Ends it gracefully, hard after a deadline, and removes its data when they lie in a temporary folder of ours. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL by default) and waits for its end. Its data stay: `restart()` brings it back. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Freezes it: connections stay open, nobody answers. */
  pause(): Promise<void>;
  /** Ends a `pause()`. */
  resume(): Promise<void>;
  /** Starts it again, on the same port and data, whatever state it is in; ready when it resolves. */
  restart(): Promise<void>;
}

/** What every starter takes. */
export interface StartOptions {
  /** Where it keeps its data and log, created when absent. Default: a temporary folder that `stop()` removes. */
  readonly dataDir?: string;
  /** 0 or absent: a free one. A busy one is an error that names it. */
  readonly port?: number;
  /** How long it may take until it answers. Default 60 s. */
  readonly startDeadlineMs?: number;
  /** How long `stop()` waits before it ends the server hard. Default 10 s. */
  readonly stopDeadlineMs?: number;
}

/** A server that somebody else runs. */
export function externalServer(name: string, url: string): LocalServer {
  const nothing = (): Promise<void> => Promise.resolve();
  const port = new URL(url).port;
  return {
    name,
    kind: 'url',
    url,
    port: port === '' ? 0 : Number(port),
    pid: undefined,
    dataDir: undefined,
    exited: new Promise(() => undefined),
    lastLines: () => [],
    stop: nothing,
    kill: nothing,
    pause: nothing,
    resume: nothing,
    restart: nothing,
  };
}
