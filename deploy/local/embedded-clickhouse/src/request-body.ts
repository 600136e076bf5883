import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { clickhouseError } from './clickhouse-error';

/** Rows of an INSERT, in a file of their own. */
export interface SpooledRows {
  readonly path: string;
  readonly bytes: number;
  remove(): Promise<void>;
}

const decoders = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

const WRITE_BYTES = 256 * 1024;

/** The body as it was before the sender compressed it. */
function decoded(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return request;
  const decoder = decoders.get(encoding)?.();
  if (decoder === undefined) throw clickhouseError('NOT_IMPLEMENTED', `Content-Encoding ${encoding} is not supported`);
  // Not a pipeline, which would cut the connection that the answer has to go through when the body cannot be decoded.
  request.once('close', () => {
    if (!request.complete) decoder.destroy(new Error('the sender has gone'));
  });
  return request.pipe(decoder);
}

/** A request's body that is read in two steps: enough of it to know the statement, then the rest as rows. */
export class RequestBody {
  readonly #source: Readable;
  #chunks: Buffer[] = [];
  #length = 0;
  #wanted = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  /**
   * @param request - its body must not have been read yet
   * @throws {@link ClickhouseError} NOT_IMPLEMENTED for an unknown Content-Encoding
   */
  constructor(request: IncomingMessage) {
    const source = decoded(request);
    this.#source = source;
    const broken = (what: string): Error =>
      source === request || !request.complete
        ? clickhouseError('NETWORK_ERROR', `The request body broke off: ${what}`)
        : clickhouseError('CANNOT_DECOMPRESS', `Cannot decompress the request body: ${what}`);
    // Events and not an iteration: clients send a row at a time, and a promise for each would hold up everybody else.
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.once('end', () => {
      // A sender that has gone must not look like one that has sent all.
      if (request.complete) this.#ended = true;
      else this.#failure ??= broken('the sender has gone');
      this.#wake();
    });
    source.on('error', (error) => {
      this.#failure ??= broken(error.message);
      this.#wake();
    });
    source.once('close', () => {
      if (!this.#ended) this.#failure ??= broken('the sender has gone');
      this.#wake();
    });
    source.pause();
  }

  /**
   * Reads until there are this many bytes or the body ends.
   *
   * @returns whether the body has ended, and all that was read, which may be more than was asked for
   * @throws {@link ClickhouseError} NETWORK_ERROR when the body breaks off, CANNOT_DECOMPRESS
   */
  async read(limitBytes: number): Promise<{ bytes: Buffer; ended: boolean }> {
    this.#wanted = limitBytes;
    if (this.#length < limitBytes && !this.#ended && this.#failure === undefined) {
      const enough = new Promise<void>((resolve) => (this.#wake = resolve));
      this.#source.resume();
      await enough;
    }
    if (this.#failure !== undefined) throw this.#failure;
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#length = 0;
    return { bytes, ended: this.#ended };
  }

  /**
   * Writes bytes and then the rest of the body to a file. Rows reach the engine only when all of them have arrived: of an
   * upload that breaks off nothing is inserted.
   *
   * @param path - a file that is not there
   * @param beginning - what comes before the rest of the body
   */
  async spool(path: string, beginning: Buffer): Promise<SpooledRows> {
    const remove = async (): Promise<void> => unlink(path).catch(() => undefined);
    let bytes = beginning.length;
    const read = this.read.bind(this);
    async function* all(): AsyncGenerator<Buffer> {
      yield beginning;
      // Clients send a row at a time: many of them are one write.
      for (let ended = false; !ended;) {
        const batch = await read(WRITE_BYTES);
        ({ ended } = batch);
        bytes += batch.bytes.length;
        yield batch.bytes;
      }
    }
    try {
      await pipeline(Readable.from(all(), { objectMode: true }), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    } catch (error) {
      await remove();
      throw error;
    }
    return { path, bytes, remove };
  }

  /** Lets what has not been read pass by, so that the connection can serve the next request. */
  discard(): void {
    this.#source.removeAllListeners('data');
    this.#source.resume();
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return;
    this.#source.pause();
    this.#wake();
  }
}
