import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  compressSnappy,
  decodeWriteRequest,
  decompressSnappy,
  encodeWriteRequest,
  type WriteRequest,
} from '@cloudtuner/remote-write';

/** How the way to the gateway is while it is cut: nobody listens, or nobody answers. */
export type Cut = 'refused' | 'hanging';

export interface RelayOptions {
  /** Where writes go on to. */
  readonly writeUrl: string;
  /** What is taken off every timestamp. */
  readonly shiftMs: () => number;
  /** The way is cut from the first write on that carries a sample of this time (shifted), until it is restored. */
  readonly cut?: { readonly how: Cut; readonly fromMs: number };
}

/**
 * Stands between a real Prometheus, which sends nothing older than itself, and the gateway, and moves its samples in time: so an
 * hour ends when a test wants it to. All else is the sender's own: its log, its queue, its retries.
 */
export interface TimeShiftingRelay {
  readonly url: string;
  /** Samples that the gateway has taken. */
  readonly samples: number;
  /** Time of the newest of them, shifted. */
  readonly newestMs: number;
  readonly isCut: boolean;
  restore(): Promise<void>;
  stop(): Promise<void>;
}

const passedHeaders = ['authorization', 'cloud-account-id', 'content-encoding', 'content-type', 'user-agent'];
const maxDecodedBytes = 64 * 2 ** 20;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function shifted({ timeseries, ...rest }: WriteRequest, shiftMs: number): WriteRequest {
  return {
    ...rest,
    timeseries: timeseries.map((series) => ({
      ...series,
      samples: series.samples.map((sample) => ({ ...sample, timestampMs: sample.timestampMs - shiftMs })),
    })),
  };
}

class Relay implements TimeShiftingRelay {
  samples = 0;
  newestMs = 0;
  isCut = false;
  private isRestored = false;
  private port = 0;
  private readonly server = createServer((request, response) => {
    this.answer(request, response).catch(() => response.destroy());
  });

  constructor(private readonly options: RelayOptions) {}

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}/api/v1/write`;
  }

  async listen(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async restore(): Promise<void> {
    this.isRestored = true;
    this.isCut = false;
    this.server.closeAllConnections();
    if (!this.server.listening) await this.listen();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { writeUrl, shiftMs, cut } = this.options;
    const body = decompressSnappy(await bodyOf(request), { maxDecodedBytes });
    const write = shifted(decodeWriteRequest(body), shiftMs());
    const times = write.timeseries.flatMap(({ samples }) => samples.map(({ timestampMs }) => timestampMs));
    const newestMs = times.reduce((newest, time) => Math.max(newest, time), 0);
    if (cut !== undefined && newestMs >= cut.fromMs && !this.isRestored) {
      this.isCut = true;
      if (cut.how === 'hanging') return;
      this.server.close();
      this.server.closeAllConnections();
      return;
    }
    const headers = passedHeaders.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value] as [string, string]] : [];
    });
    const answer = await fetch(writeUrl, {
      method: 'POST',
      headers,
      body: new Uint8Array(compressSnappy(encodeWriteRequest(write))),
    });
    if (answer.ok) {
      this.samples += times.length;
      this.newestMs = Math.max(this.newestMs, newestMs);
    }
    response.writeHead(answer.status).end(await answer.text());
  }
}

export async function startTimeShiftingRelay(options: RelayOptions): Promise<TimeShiftingRelay> {
  const relay = new Relay(options);
  await relay.listen();
  return relay;
}
