import { EventEmitter, once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the store seems to behave. `slow-store`: it stores late, and not at all when its caller is gone; `slow-answer`: it stores at once. */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'slow-store' | 'slow-answer'; readonly delayMs: number }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  | { readonly kind: 'hang' };

/** Stands before a real store and misbehaves on demand. */
export interface FaultProxy {
  readonly url: string;
  set(fault: Fault): void;
  /** Resolves when a write has come that is not passed on yet. */
  nextReceived(): Promise<void>;
  /** Resolves when the store has taken a write whose answer has not gone back yet. */
  nextStored(): Promise<void>;
  /** Resolves when a write has not reached the store. */
  nextFailed(): Promise<void>;
  /** How many writes were answered by the current fault instead of the store. */
  faulted(): number;
  stop(): Promise<void>;
}

// A probe of what the store speaks is smaller than any write with samples in it.
const smallestWriteBytes = 100;
const storeTimeoutMs = 20_000;

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Sends the request on as it is. */
function passOn(storeUrl: string, request: IncomingMessage, body: Buffer): Promise<[IncomingMessage, Buffer]> {
  return new Promise((resolve, reject) => {
    const { host: _host, ...headers } = request.headers;
    const onward = httpRequest(storeUrl, { method: request.method ?? 'POST', headers, timeout: storeTimeoutMs });
    onward.once('timeout', () => onward.destroy(new Error('the store hangs')));
    onward.once('error', reject);
    onward.once('response', (answer) => {
      readAll(answer).then((text) => {
        resolve([answer, text]);
      }, reject);
    });
    onward.end(body);
  });
}

class Faults {
  readonly events = new EventEmitter();
  current: Fault = { kind: 'none' };
  count = 0;

  constructor(private readonly storeUrl: string) {}

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    const fault = this.current;
    if (fault.kind === 'none' || fault.kind === 'slow-store' || fault.kind === 'slow-answer') {
      await this.relay(request, response, body);
      return;
    }
    this.count += 1;
    if (fault.kind === 'status') {
      const { status, retryAfterSeconds } = fault;
      response.writeHead(status, retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) });
      response.end('injected fault\n');
    }
  }

  private async delay(kind: 'slow-store' | 'slow-answer'): Promise<void> {
    const fault = this.current;
    if (fault.kind === kind) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
  }

  private async relay(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const isWrite = body.length >= smallestWriteBytes;
    if (isWrite) this.events.emit('received');
    await this.delay('slow-store');
    if (response.destroyed) return;
    const [answer, text] = await passOn(this.storeUrl, request, body).catch((error: unknown) => {
      this.events.emit('failed');
      throw error;
    });
    if (isWrite) this.events.emit('stored');
    await this.delay('slow-answer');
    response.writeHead(answer.statusCode ?? 500, answer.headers).end(text);
  }
}

export async function startFaultProxy(storeUrl: string): Promise<FaultProxy> {
  const faults = new Faults(storeUrl);
  const server = createServer((request, response) => {
    // A store that is gone is a connection that breaks.
    faults.answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}${new URL(storeUrl).pathname}`,
    set(fault) {
      faults.current = fault;
      faults.count = 0;
    },
    async nextReceived() {
      await once(faults.events, 'received');
    },
    async nextStored() {
      await once(faults.events, 'stored');
    },
    async nextFailed() {
      await once(faults.events, 'failed');
    },
    faulted: () => faults.count,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
