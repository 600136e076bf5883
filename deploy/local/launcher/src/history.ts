import { createRemoteWriteClient, type RemoteWriteClient } from '@cloudtuner/remote-write';
import type { HistoryChunk, SampleCluster } from '@cloudtuner/sample-cluster';

const stepMs = 60_000;
const chunkMs = 30 * 60_000;
const hourMs = 3_600_000;

/** One cluster's past and the account it is pushed for. */
export interface HistoryPush {
  readonly cluster: SampleCluster;
  readonly account: { readonly write_username: string; readonly write_password: string };
  readonly startMs: number;
  readonly endMs: number;
}

/** How far a push is. */
export interface HistoryProgress {
  readonly doneHours: number;
  readonly totalHours: number;
}

/** One cluster's requests, in order of time. */
class Lane {
  readonly #client: RemoteWriteClient;
  readonly #chunks: Iterator<HistoryChunk>;
  #next: HistoryChunk | undefined;

  constructor(diproxyUrl: string, { cluster, account, startMs, endMs }: HistoryPush) {
    const { write_username: username, write_password: password } = account;
    this.#client = createRemoteWriteClient({
      url: `${diproxyUrl}/storage/api/v2/write`,
      username,
      password,
      accountId: username,
    });
    this.#chunks = cluster.history({ startMs, endMs, stepMs, chunkMs })[Symbol.iterator]();
    this.#advance();
  }

  /** Start of the requests that come next; Infinity at the end. */
  get nextStartMs(): number {
    return this.#next?.startMs ?? Infinity;
  }

  /** Pushes the requests of one chunk of time, one after the other. @returns their samples. */
  async pushChunk(startMs: number): Promise<number> {
    let samples = 0;
    while (this.#next?.startMs === startMs) {
      await this.#client.push(this.#next);
      samples += this.#next.sampleCount;
      this.#advance();
    }
    return samples;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #advance(): void {
    const { done, value } = this.#chunks.next() as IteratorResult<HistoryChunk, undefined>;
    this.#next = done === true ? undefined : value;
  }
}

/**
 * Pushes the past of several clusters through the gateway, in order of time and side by side: a store without tenants
 * has one clock for all of them and refuses what is hours behind the newest sample of any.
 *
 * @returns the number of samples that the gateway acknowledged.
 */
export async function pushHistory(
  diproxyUrl: string,
  pushes: readonly HistoryPush[],
  onProgress: (done: HistoryProgress) => void = () => undefined,
): Promise<number> {
  const firstMs = Math.min(...pushes.map(({ startMs }) => startMs));
  const lastMs = Math.max(...pushes.map(({ endMs }) => endMs));
  const totalHours = Math.max(1, Math.round((lastMs - firstMs) / hourMs));
  const lanes = pushes.map((push) => new Lane(diproxyUrl, push));
  let samples = 0;
  try {
    for (;;) {
      const startMs = Math.min(...lanes.map((lane) => lane.nextStartMs));
      if (startMs === Infinity) return samples;
      const pushed = await Promise.all(lanes.map((lane) => lane.pushChunk(startMs)));
      samples += pushed.reduce((sum, count) => sum + count, 0);
      onProgress({ doneHours: Math.round((Math.min(startMs + chunkMs, lastMs) - firstMs) / hourMs), totalHours });
    }
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}
