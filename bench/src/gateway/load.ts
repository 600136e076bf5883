import { Client } from 'undici';
import { createShape, encodeBody, seriesPerBody, type Protocol } from './bodies';

/** What the load generator is told. */
export interface LoadOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly protocol: Protocol;
  /** Each has one connection, and its series arrive in order on it. */
  readonly shapes: number;
  /** A store needs another time in every body; a sink may see the same few again and again. */
  readonly advancing: boolean;
  /** Of the first body. */
  readonly startMs: number;
  /** At fixed times, whether earlier ones are answered or not; as fast as answers come without. */
  readonly requestsPerSecond?: number;
}

export interface LoadResult {
  readonly seconds: number;
  readonly requests: number;
  readonly samples: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly compressedBytes: number;
  readonly rawBytes: number;
  /** The time of the body after the last. */
  readonly nextMs: number;
}

const stepMs = 5_000;
// More than a store on this kind of machine takes; a phase ends early when they are used up.
const maxBodiesPerSecond = 260;
const maxPreparedBodies = 2_600;
const fixedBodiesPerShape = 4;

interface Lane {
  readonly client: Client;
  readonly bodies: readonly Buffer[];
  next: number;
  last: Promise<void>;
}

/** A load that is prepared and warm. */
export interface PreparedLoad {
  run(): Promise<LoadResult>;
  close(): Promise<void>;
}

class Tally {
  readonly latenciesMs: number[] = [];
  readonly failed: Record<string, number> = {};

  count(status: number, latencyMs: number): void {
    if (status >= 200 && status < 300) this.latenciesMs.push(latencyMs);
    else this.failed[String(status)] = (this.failed[String(status)] ?? 0) + 1;
  }

  quantile(q: number): number {
    const sorted = this.latenciesMs.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN;
  }
}

class Load implements PreparedLoad {
  private readonly path: string;

  constructor(
    private readonly order: LoadOrder,
    private readonly lanes: readonly Lane[],
    private readonly rawBytes: number,
  ) {
    const { pathname, search } = new URL(order.url);
    this.path = pathname + search;
  }

  /** Sends the next body of a lane; false when there is none. */
  async send(lane: Lane, tally: Tally, sinceMs?: number): Promise<boolean> {
    const { bodies } = lane;
    const body = this.order.advancing ? bodies[lane.next] : bodies[lane.next % bodies.length];
    if (body === undefined) return false;
    lane.next += 1;
    const startedMs = sinceMs ?? performance.now();
    try {
      const answer = await lane.client.request({
        method: 'POST',
        path: this.path,
        headers: this.order.headers,
        body,
      });
      await answer.body.dump();
      tally.count(answer.statusCode, performance.now() - startedMs);
    } catch {
      tally.count(0, 0);
    }
    return true;
  }

  /** As fast as answers come: one request under way on each connection. */
  private async closedLoop(tally: Tally, endMs: number): Promise<void> {
    await Promise.all(
      this.lanes.map(async (lane) => {
        while (performance.now() < endMs && (await this.send(lane, tally)));
      }),
    );
  }

  /** At fixed times; a request that has to wait for its connection is late, and that counts. */
  private async openLoop(tally: Tally, endMs: number, requestsPerSecond: number): Promise<void> {
    const startMs = performance.now();
    for (let index = 0; ; index += 1) {
      const dueMs = startMs + (index * 1000) / requestsPerSecond;
      if (dueMs > endMs) break;
      const lane = this.lanes[index % this.lanes.length];
      if (lane === undefined) break;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      // A timer is up to a millisecond late by itself: only what comes after is the other side's.
      const sinceMs = waitMs > 0 ? performance.now() : dueMs;
      lane.last = lane.last.then(async () => {
        await this.send(lane, tally, sinceMs);
      });
    }
    await Promise.all(this.lanes.map(({ last }) => last));
  }

  async run(): Promise<LoadResult> {
    const { seconds, requestsPerSecond, shapes, startMs } = this.order;
    const tally = new Tally();
    const beganMs = performance.now();
    const endMs = beganMs + seconds * 1000;
    if (requestsPerSecond === undefined) await this.closedLoop(tally, endMs);
    else await this.openLoop(tally, endMs, requestsPerSecond);
    const requests = tally.latenciesMs.length;
    return {
      seconds: (performance.now() - beganMs) / 1000,
      requests,
      samples: requests * seriesPerBody,
      failed: tally.failed,
      p50Ms: tally.quantile(0.5),
      p99Ms: tally.quantile(0.99),
      compressedBytes: this.lanes[0]?.bodies[0]?.length ?? 0,
      rawBytes: this.rawBytes,
      nextMs: startMs + Math.ceil(Math.max(...this.lanes.map(({ bodies }) => bodies.length), shapes)) * stepMs,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.lanes.map(({ client }) => client.close()));
  }
}

/** Makes the bodies and sends one of each shape, so that series and connections are there. @throws when that fails. */
export async function prepareLoad(order: LoadOrder): Promise<PreparedLoad> {
  const { url, shapes, seconds, advancing, startMs, requestsPerSecond = maxBodiesPerSecond } = order;
  const needed = Math.ceil((Math.min(requestsPerSecond, maxBodiesPerSecond) * seconds * 1.1) / shapes) + 2;
  const perLane = advancing ? Math.min(needed, Math.ceil(maxPreparedBodies / shapes)) : fixedBodiesPerShape;
  let rawBytes = 0;
  const lanes = Array.from({ length: shapes }, (_, index): Lane => {
    const shape = createShape(index);
    const bodies = Array.from({ length: perLane }, (_body, position) => {
      const body = encodeBody(shape, startMs + position * stepMs, order.protocol);
      rawBytes = body.rawBytes;
      return body.compressed;
    });
    return { client: new Client(new URL(url).origin), bodies, next: 0, last: Promise.resolve() };
  });
  const load = new Load(order, lanes, rawBytes);
  const warmUp = new Tally();
  for (const lane of lanes) await load.send(lane, warmUp);
  if (warmUp.latenciesMs.length < shapes) {
    throw new Error(`The target refuses the load: ${JSON.stringify(warmUp.failed)}`);
  }
  return load;
}
