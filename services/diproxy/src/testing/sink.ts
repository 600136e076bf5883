import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeWriteRequest, decompressSnappy, type WriteRequest } from '@cloudtuner/remote-write';

/** One write that reached the sink. */
export interface SunkWrite {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly request: WriteRequest;
}

/** An upstream that answers what a test tells it to. */
export interface Sink {
  readonly url: string;
  readonly writes: readonly SunkWrite[];
  /** From now on answers so; `hang` never does, `reset` cuts the connection. */
  answer(how: 'hang' | 'reset' | { status: number; headers?: Record<string, string>; text?: string }): void;
  stop(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const writes: SunkWrite[] = [];
  let respond = (response: ServerResponse): void => {
    response.writeHead(204).end();
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (request.method === 'POST') {
        const decoded = decodeWriteRequest(decompressSnappy(body, { maxDecodedBytes: 64 << 20 }));
        writes.push({ headers: request.headers, body, request: decoded });
      }
      respond(response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/api/v1/receive`,
    writes,
    answer(how) {
      respond = (response) => {
        if (how === 'hang') return;
        if (how === 'reset') response.destroy();
        else response.writeHead(how.status, how.headers).end(how.text);
      };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
