import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { constants, createGzip, type Gzip } from 'node:zlib';
import { httpStatusOfCode, type ClickhouseError } from './clickhouse-error';
import { contentTypeOf } from './content-types';

/** What a query has done, as far as it is known. */
export interface QuerySummary {
  readonly readRows: number;
  readonly readBytes: number;
  readonly writtenRows: number;
  readonly writtenBytes: number;
  readonly resultRows: number;
  readonly resultBytes: number;
  readonly elapsedSeconds: number;
}

/** How an answer is to be written. */
export interface ResponseOptions {
  readonly queryId: string;
  readonly format: string;
  readonly gzip: boolean;
  /** The engine's version, shown at the end of errors. */
  readonly version: string;
}

const nothingDone: QuerySummary = {
  readRows: 0,
  readBytes: 0,
  writtenRows: 0,
  writtenBytes: 0,
  resultRows: 0,
  resultBytes: 0,
  elapsedSeconds: 0,
};

// As a ClickHouse server: a result is held back until it is this long, so that an error before it still gets a status.
const HOLD_BYTES = 1024 * 1024;
const EXCEPTION_MARKER = '__exception__';

/**
 * The text of X-ClickHouse-Summary.
 *
 * @param summary - counts
 */
function summaryHeader(summary: QuerySummary): string {
  return JSON.stringify({
    read_rows: String(summary.readRows),
    read_bytes: String(summary.readBytes),
    written_rows: String(summary.writtenRows),
    written_bytes: String(summary.writtenBytes),
    total_rows_to_read: '0',
    result_rows: String(summary.resultRows),
    result_bytes: String(summary.resultBytes),
    elapsed_ns: String(Math.round(summary.elapsedSeconds * 1e9)),
  });
}

/** The answer to one query: its head is sent when the result has grown long or is complete, or when the query has failed. */
export class QueryResponse {
  readonly #response: ServerResponse;
  readonly #options: ResponseOptions;
  readonly #tag = randomBytes(8).toString('hex');
  #held: Buffer[] = [];
  #heldBytes = 0;
  #body: ServerResponse | Gzip | undefined;

  constructor(response: ServerResponse, options: ResponseOptions) {
    this.#response = response;
    this.#options = options;
  }

  /** Resolves when the answer has been sent or its receiver has gone. */
  get closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#response.destroyed) resolve();
      else this.#response.once('close', resolve);
    });
  }

  /** Whether the receiver has gone. */
  get aborted(): boolean {
    return this.#response.destroyed;
  }

  /**
   * Takes a part of the result.
   *
   * @returns when the receiver can take more, or has gone
   */
  async write(chunk: Buffer): Promise<void> {
    if (this.aborted) return;
    if (this.#body === undefined) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes < HOLD_BYTES) return;
      await this.#send(this.#start(nothingDone), Buffer.concat(this.#held.splice(0)));
      return;
    }
    await this.#send(this.#body, chunk);
  }

  /** Completes the answer. */
  async end(summary: QuerySummary): Promise<void> {
    if (this.aborted) return;
    const rest = Buffer.concat(this.#held.splice(0));
    if (this.#body === undefined && !this.#options.gzip) this.#response.setHeader('Content-Length', rest.length);
    const body = this.#body ?? this.#start(summary);
    body.end(rest);
    await finished(this.#response).catch(() => undefined);
  }

  /**
   * Reports that the query has failed: with a status, or within the result when a part of it has been sent. Then the
   * connection ends without the last chunk, so that nobody takes the result for complete.
   */
  async fail(error: ClickhouseError): Promise<void> {
    if (this.aborted) return;
    const text = `${error.report} (version ${this.#options.version} (official build))\n`;
    if (this.#body !== undefined) {
      await this.#failWithin(this.#body, text);
      return;
    }
    this.#held = [];
    this.#setHeaders(nothingDone);
    this.#response.setHeader('X-ClickHouse-Exception-Code', String(error.code));
    this.#response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
    this.#response.setHeader('Content-Length', Buffer.byteLength(text));
    this.#response.statusCode = httpStatusOfCode(error.code);
    this.#response.end(text);
    await finished(this.#response).catch(() => undefined);
  }

  /** Source: the form that servers from 25.11 on use, and that `@clickhouse/client` reads. */
  async #failWithin(body: ServerResponse | Gzip, text: string): Promise<void> {
    const length = String(Buffer.byteLength(text));
    const block = `\r\n${EXCEPTION_MARKER}\r\n${this.#tag}\r\n${text}${length} ${this.#tag}\r\n${EXCEPTION_MARKER}\r\n`;
    await this.#send(body, Buffer.from(block));
    if (body !== this.#response) {
      await new Promise<void>((resolve) => {
        (body as Gzip).flush(constants.Z_SYNC_FLUSH, resolve);
        this.#response.once('close', resolve);
      });
    }
    this.#response.socket?.destroySoon();
  }

  #setHeaders(summary: QuerySummary): void {
    const { queryId, format } = this.#options;
    this.#response.setHeader('X-ClickHouse-Server-Display-Name', 'embedded');
    this.#response.setHeader('X-ClickHouse-Query-Id', queryId);
    this.#response.setHeader('X-ClickHouse-Format', format);
    this.#response.setHeader('X-ClickHouse-Timezone', 'UTC');
    this.#response.setHeader('X-ClickHouse-Exception-Tag', this.#tag);
    this.#response.setHeader('X-ClickHouse-Summary', summaryHeader(summary));
  }

  #start(summary: QuerySummary): ServerResponse | Gzip {
    this.#setHeaders(summary);
    this.#response.setHeader('Content-Type', contentTypeOf(this.#options.format));
    this.#body = this.#response;
    if (this.#options.gzip) {
      this.#response.setHeader('Content-Encoding', 'gzip');
      const gzip = createGzip({ level: constants.Z_BEST_SPEED });
      gzip.pipe(this.#response);
      this.#response.once('close', () => gzip.destroy());
      gzip.on('error', () => this.#response.destroy());
      this.#body = gzip;
    }
    return this.#body;
  }

  async #send(body: ServerResponse | Gzip, chunk: Buffer): Promise<void> {
    if (this.aborted) return;
    const hasRoom = body.write(chunk);
    if (hasRoom || this.#response.destroyed) return;
    const stop = new AbortController();
    const { signal } = stop;
    try {
      await Promise.race([once(body, 'drain', { signal }), once(this.#response, 'close', { signal })]);
    } finally {
      stop.abort();
    }
  }
}
