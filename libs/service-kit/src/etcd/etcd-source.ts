import { setTimeout as delay } from 'node:timers/promises';
import type { Etcd3, IOptions } from 'etcd3';
import type { EtcdOptions } from './etcd-config';
import { wellKnownPlaces } from './etcd-settings';

/** Keys of etcd, and when they may have changed. */
export interface EtcdSource {
  /** All keys that settings may be in, with their texts. @throws Error without values */
  read(): Promise<ReadonlyMap<string, string>>;
  /** The same, tried again until the time limit of the start. */
  readPatiently(): Promise<ReadonlyMap<string, string>>;
  /** Calls whenever something may have changed, until it is closed. Asking again says what. */
  watch(onHint: () => void): void;
  close(): void;
}

const callDeadlineMs = 5_000;
const retryMs = 500;
/** A watch that died without a word is noticed by then. */
const rereadMs = 60_000;
const reconnectMs = 1_000;

function clientOptions({ hosts, auth, tls }: EtcdOptions): IOptions {
  const isTls = hosts.some((host) => host.startsWith('https:'));
  const deadline = () => ({ deadline: Date.now() + callDeadlineMs });
  return {
    hosts: [...hosts],
    defaultCallOptions: ({ isStream }) => (isStream ? {} : deadline()),
    ...(auth === undefined ? {} : { auth: { ...auth, callOptions: deadline } }),
    ...(isTls && tls?.ca !== undefined
      ? {
          credentials: {
            rootCertificate: tls.ca,
            ...(tls.key && { privateKey: tls.key }),
            ...(tls.cert && { certChain: tls.cert }),
          },
        }
      : {}),
  };
}

/** etcd's own words may hold what it was sent; the kind of the failure does not. */
const kindOf = (error: unknown): string =>
  error instanceof Error ? error.constructor.name.replace(/^(GRPC|Etcd)/, '').replace(/Error$/, '') : 'unknown';

/**
 * Connects to etcd. What the watch says is only a hint to read everything again: then it does not matter what it has missed while it was
 * away, or whether etcd has compacted the revisions in between.
 */
export async function connectEtcd(options: EtcdOptions): Promise<EtcdSource> {
  // Loaded by those who use it: it takes 25 MB and half a second.
  const { Etcd3: Client } = await import('etcd3');
  let client: Etcd3 = new Client(clientOptions(options));
  const closing = new AbortController();
  const isOpen = (): boolean => !closing.signal.aborted;
  const places = [`${options.prefix}/`, ...wellKnownPlaces];

  const read = async (): Promise<ReadonlyMap<string, string>> => {
    try {
      const found = await Promise.all(places.map((place) => client.getAll().prefix(place).strings()));
      return new Map(found.flatMap((keys) => Object.entries(keys)));
    } catch (error) {
      throw new Error(`etcd at ${options.hosts.join(', ')} cannot be read: ${kindOf(error)}`, { cause: error });
    }
  };

  const keepWatching = async (onHint: () => void): Promise<void> => {
    while (isOpen()) {
      const ended = new AbortController();
      try {
        for (const place of places) {
          const watcher = await client.watch().prefix(place).create();
          watcher.on('data', onHint).on('connected', onHint);
          watcher.on('error', () => ended.abort()).on('end', () => ended.abort());
        }
        onHint();
        await new Promise<void>((resolve) => {
          for (const { signal } of [ended, closing]) signal.addEventListener('abort', () => resolve(), { once: true });
        });
      } catch {
        // Tried again; what reads notices the same and says so.
      }
      if (!isOpen()) return;
      client.close();
      client = new Client(clientOptions(options));
      await delay(reconnectMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };

  return {
    read,
    async readPatiently() {
      const deadline = performance.now() + options.timeoutMs;
      for (;;) {
        try {
          return await read();
        } catch (error) {
          if (performance.now() >= deadline) throw error;
          await delay(retryMs);
        }
      }
    },
    watch(onHint) {
      const again = setInterval(onHint, rereadMs);
      closing.signal.addEventListener('abort', () => {
        clearInterval(again);
      });
      void keepWatching(onHint);
    },
    close() {
      closing.abort();
      client.close();
    },
  };
}
