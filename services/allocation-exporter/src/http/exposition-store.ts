import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Publisher } from '../ports';

/**
 * Holds the text of a scrape, compressed: 30 MB of lines are 2 MB then, every Prometheus takes them so, and a scrape
 * costs nothing but sending them.
 */
export interface ExpositionStore extends Publisher {
  /** Answers `GET /metrics`. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** True once there is something to scrape. */
  readonly isReady: boolean;
}

const pieceLength = 64 * 1024;
const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const plainText = 'text/plain; version=0.0.4; charset=utf-8';

/** Lines in pieces that are worth a write. */
function* inPieces(lines: Iterable<string>): Generator<string> {
  let piece = '';
  for (const line of lines) {
    piece += line;
    if (piece.length >= pieceLength) {
      yield piece;
      piece = '';
    }
  }
  if (piece !== '') yield piece;
}

/**
 * Compresses line by line. Every piece goes through one and the same buffer: tens of megabytes of buffers a minute
 * would lie about until the next great collection.
 */
async function compressed(lines: Iterable<string>): Promise<Buffer> {
  const gzip = createGzip({ level: 1 });
  const parts: Buffer[] = [];
  gzip.on('data', (part: Buffer) => parts.push(part));
  const ended = once(gzip, 'end');
  let scratch = Buffer.allocUnsafe(2 * pieceLength);
  for (const piece of inPieces(lines)) {
    const bytes = Buffer.byteLength(piece);
    if (bytes > scratch.length) scratch = Buffer.allocUnsafe(bytes);
    scratch.write(piece);
    await new Promise<void>((resolve, reject) => {
      gzip.write(scratch.subarray(0, bytes), (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
  gzip.end();
  await ended;
  return Buffer.concat(parts);
}

/** Starts empty: until the first `publish` there is nothing to scrape. */
export function createExpositionStore(): ExpositionStore {
  let body: Buffer | undefined;
  let scrapes = 0;
  let queue = Promise.resolve();

  return {
    get isReady() {
      return body !== undefined;
    },
    get scrapes() {
      return scrapes;
    },
    publish(lines) {
      // One after the other: the last one that was asked for is the one that stays.
      queue = queue.then(async () => {
        const next = await compressed(lines);
        body = next;
        scrapes = 0;
      });
      return queue;
    },
    async answer(request, response) {
      const served = body;
      if (served === undefined) {
        response.writeHead(503, { 'Retry-After': '5' }).end();
        return;
      }
      const takesOpenMetrics = /\bapplication\/openmetrics-text\b/.test(request.headers.accept ?? '');
      response.setHeader('Content-Type', takesOpenMetrics ? openMetrics : plainText);
      response.setHeader('Vary', 'Accept, Accept-Encoding');
      if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
        response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': served.length }).end(served);
        await once(response, 'finish');
      } else {
        response.writeHead(200);
        await pipeline(Readable.from([served]), createGunzip(), response);
      }
      // Only what was scraped as it is now counts.
      if (served === body) scrapes += 1;
    },
  };
}
