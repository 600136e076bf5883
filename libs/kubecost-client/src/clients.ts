import type { KubecostEndpoint } from './api';
import { createKubecostClient, type KubecostClient, type KubecostClientOptions } from './client';
import type { BreakerState } from './resilience';

/** As of one client, but for the address. */
export interface KubecostClientsOptions extends Omit<
  KubecostClientOptions,
  'url' | 'organizationId' | 'clusterId' | 'onBreakerState'
> {
  /** Told at each change of a breaker; `null` when the client is gone. */
  readonly onBreakerState?: (cloudAccountId: string, endpoint: KubecostEndpoint, state: BreakerState | null) => void;
  /** Clients that are kept; the one that was used longest ago goes. Default 1,000. */
  readonly maxClients?: number;
}

/** Whose Kubecost is asked. */
export interface KubecostAccount {
  readonly id: string;
  /** What the policy is asked for. */
  readonly organizationId: string;
  /** How its Kubecost names the account’s cluster; absent: nobody has said, so it may know only one. */
  readonly clusterId?: string | undefined;
}

/** The Kubecosts of many accounts: each has its own connections, rate limits and breakers. */
export interface KubecostClients {
  /** The same client as long as the account has this address and cluster. It answers of that cluster alone. */
  of(account: KubecostAccount, url: string): KubecostClient;
  close(): Promise<void>;
}

interface Kept {
  readonly url: string;
  readonly clusterId: string | undefined;
  readonly client: KubecostClient;
  readonly endpoints: Set<KubecostEndpoint>;
}

const defaultMaxClients = 1_000;

/** Clients by account, opened when they are first asked for. */
export function createKubecostClients(options: KubecostClientsOptions): KubecostClients {
  const { onBreakerState, maxClients = defaultMaxClients, ...shared } = options;
  const kept = new Map<string, Kept>();

  const drop = async (cloudAccountId: string, { client, endpoints }: Kept): Promise<void> => {
    for (const endpoint of endpoints) onBreakerState?.(cloudAccountId, endpoint, null);
    // What it is being asked ends by its own time limit.
    await client.close();
  };

  const open = ({ id: cloudAccountId, organizationId, clusterId }: KubecostAccount, url: string): Kept => {
    const endpoints = new Set<KubecostEndpoint>();
    const client = createKubecostClient({
      ...shared,
      url,
      organizationId,
      clusterId: clusterId ?? null,
      onBreakerState: (endpoint, state) => {
        endpoints.add(endpoint);
        onBreakerState?.(cloudAccountId, endpoint, state);
      },
    });
    return { url, clusterId, client, endpoints };
  };

  return {
    of(account, url) {
      const { id: cloudAccountId } = account;
      const known = kept.get(cloudAccountId);
      kept.delete(cloudAccountId);
      const isSame = known?.url === url && known.clusterId === account.clusterId;
      if (known !== undefined && !isSame) void drop(cloudAccountId, known);
      const current = isSame ? known : open(account, url);
      kept.set(cloudAccountId, current);
      const [oldest] = kept;
      if (kept.size > maxClients && oldest !== undefined) {
        kept.delete(oldest[0]);
        void drop(...oldest);
      }
      return current.client;
    },
    async close() {
      await Promise.all([...kept].map((entry) => drop(...entry)));
      kept.clear();
    },
  };
}
