import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  decodeWriteRequest,
  decodeWriteRequestV2,
  decompressSnappy,
  type WriteRequest,
  type TimeSeriesV2,
  type WriteRequestV2,
} from '@cloudtuner/remote-write';

/** One write that reached the sink. */
export interface SunkWrite {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly request: WriteRequest;
  /** Instead of `request`, which is empty then, when it came under the type of 2.0 and the sink speaks it. */
  readonly requestV2: WriteRequestV2 | undefined;
}

/** An upstream that answers what a test tells it to. */
export interface Sink {
  readonly url: string;
  readonly writes: readonly SunkWrite[];
  /** From now on answers so; `hang` never does, `reset` cuts the connection. */
  answer(how: 'hang' | 'reset' | { status: number; headers?: Record<string, string>; text?: string }): void;
  /** Answers what hangs. */
  release(how: { status: number }): void;
  /** From now on it speaks 2.0: writes and probes of it get `…-Written` headers with its 2xx. */
  speakVersion2(): void;
  /** Empty 2.0 requests it was asked with. */
  readonly probes: number;
  stop(): Promise<void>;
}

// What the gateway finds out with which protocol the store speaks; no write of anybody.
const version2Message = 'proto=io.prometheus.write.v2.Request';
const emptyVersion2 = Buffer.from([0x22, 0x00]);

/** `port` 0 takes a free one. */
export async function startSink(port = 0): Promise<Sink> {
  const writes: SunkWrite[] = [];
  const hanging: ServerResponse[] = [];
  let probes = 0;
  let version2 = false;
  let respond = (response: ServerResponse): void => {
    response.writeHead(204).end();
  };
  const receive = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    if (request.method !== 'POST') return;
    const decoded = decompressSnappy(body, { maxDecodedBytes: 64 << 20 });
    const isVersion2 = version2 && (request.headers['content-type'] ?? '').endsWith(version2Message);
    const requestV2 = isVersion2 ? decodeWriteRequestV2(decoded) : undefined;
    if (requestV2 !== undefined) countWritten(requestV2, response);
    if (emptyVersion2.equals(decoded)) probes += 1;
    else {
      const read = requestV2 === undefined ? decodeWriteRequest(decoded) : { timeseries: [] };
      writes.push({ headers: request.headers, body, request: read, requestV2 });
    }
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      receive(request, response, Buffer.concat(chunks));
      respond(response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/api/v1/receive`,
    writes,
    get probes() {
      return probes;
    },
    speakVersion2() {
      version2 = true;
    },
    answer(how) {
      respond = (response) => {
        if (how === 'hang') hanging.push(response);
        else if (how === 'reset') response.destroy();
        else response.writeHead(how.status, how.headers).end(how.text);
      };
    },
    release({ status }) {
      for (const response of hanging.splice(0)) response.writeHead(status).end();
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function countWritten({ timeseries }: WriteRequestV2, response: ServerResponse): void {
  const sum = (count: (series: TimeSeriesV2) => number): string =>
    String(timeseries.reduce((total, series) => total + count(series), 0));
  response.setHeader(
    'X-Prometheus-Remote-Write-Samples-Written',
    sum(({ samples }) => samples?.length ?? 0),
  );
  response.setHeader(
    'X-Prometheus-Remote-Write-Histograms-Written',
    sum(({ histograms }) => histograms?.length ?? 0),
  );
  response.setHeader(
    'X-Prometheus-Remote-Write-Exemplars-Written',
    sum(({ exemplars }) => exemplars?.length ?? 0),
  );
}
