import { startPrometheus, startThanos } from '@cloudtuner/local-servers';
import type { WrittenStore } from './push-hour';

/** A store with its own processes. */
export interface Store extends WrittenStore {
  readonly queryUrl: string;
  /** Everything that answers queries. */
  readonly pids: readonly (number | undefined)[];
  stop(): Promise<void>;
}

/** Starts it empty. */
export async function startStore(kind: WrittenStore['kind']): Promise<Store> {
  if (kind === 'prometheus') {
    const server = await startPrometheus({ storeReceiver: true });
    return {
      kind,
      writeUrl: server.writeUrl,
      queryUrl: server.queryUrl,
      pids: [server.pid],
      stop: () => server.stop(),
    };
  }
  const { receive, query, ...thanos } = await startThanos();
  return {
    kind,
    writeUrl: thanos.writeUrl,
    queryUrl: thanos.queryUrl,
    pids: [receive.pid, query.pid],
    stop: () => thanos.stop(),
  };
}
