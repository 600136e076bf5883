import { setImmediate as nextTurn } from 'node:timers/promises';
import { isAppError } from '@cloudtuner/errors';
import { Agent, request, type Dispatcher } from 'undici';
import type { EndpointPolicy } from './endpoint-policy';
import { errorOfStatus, timedOut, tooLarge, unexpected, unreachable } from './answer-error';

/** TLS settings as Node's `tls.connect` takes them. */
export interface KubecostTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
}

/** Counted down by every byte that is read. */
export interface ByteBudget {
  remainingBytes: number;
}

/** One request. */
export interface KubecostRequest {
  /** Below the prefix of the API, as in `/allocation`. */
  readonly path: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  readonly budget?: ByteBudget | undefined;
  /** All of a streamed answer is kept: it may be as long as one that is read as a whole. */
  readonly isKept?: boolean;
  /** Makes it a POST. */
  readonly body?: { readonly contentType: string; readonly text: string };
}

/** Sends one request once and reads its answer while it arrives. */
export interface Transport {
  /**
   * Gives the bytes of a good answer to `take`, in pieces of at most {@link sliceBytes}, and lets others have their turn after each.
   * @throws AppError for everything else
   */
  stream(sent: KubecostRequest, take: (chunk: Uint8Array) => void): Promise<void>;
  /** A good answer as JSON. @throws AppError as `stream` */
  json(sent: KubecostRequest): Promise<unknown>;
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly url: string;
  readonly tls?: KubecostTls;
  /** Resolves names instead of the system's resolver; may refuse them. */
  readonly lookup?: EndpointPolicy['lookup'];
  readonly timeoutMs: number;
  /** Of an answer that is read as a whole. */
  readonly maxJsonBytes: number;
  /** Of an answer that is read in pieces. */
  readonly maxStreamBytes: number;
}

/** About a millisecond of parsing: who waits meanwhile waits no longer than that for each of its own turns. */
export const sliceBytes = 16 * 1024;

const connectTimeoutMs = 5_000;
const maxErrorBytes = 16 * 1024;
const connections = 4;

async function readPieces(
  body: Dispatcher.ResponseData['body'],
  { maxBytes, budget }: { readonly maxBytes: number; readonly budget?: ByteBudget | undefined },
  take: (chunk: Buffer) => unknown,
): Promise<void> {
  let bytes = 0;
  for await (const chunk of body) {
    const piece = chunk as Buffer;
    bytes += piece.length;
    // Leaving the loop destroys the stream, and the connection with it.
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    if (budget !== undefined) {
      budget.remainingBytes -= piece.length;
      if (budget.remainingBytes < 0) throw tooLarge(bytes + budget.remainingBytes);
    }
    await take(piece);
  }
}

/** What an error says is never longer than this. */
async function readReason(body: Dispatcher.ResponseData['body']): Promise<string> {
  const pieces: Uint8Array[] = [];
  try {
    await readPieces(body, { maxBytes: maxErrorBytes }, (piece) => pieces.push(piece));
  } catch {
    // The status has said enough.
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** A connection pool to one address. It connects when it is first used. */
export function createTransport(options: TransportOptions): Transport {
  const { timeoutMs, tls, lookup, maxJsonBytes, maxStreamBytes } = options;
  const base = options.url.replace(/\/+$/, '');
  const dispatcher = new Agent({
    connections,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs, ...tls, ...(lookup === undefined ? {} : { lookup }) },
    // The signal below limits the whole answer.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  const attempt = async (
    { path, parameters = {}, body }: KubecostRequest,
    signal: AbortSignal,
    read: (answer: Dispatcher.ResponseData['body']) => Promise<void>,
  ): Promise<void> => {
    const query = new URLSearchParams(parameters).toString();
    const answer = await request(`${base}${path}${query === '' ? '' : `?${query}`}`, {
      dispatcher,
      signal,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': body.contentType }) },
      ...(body === undefined ? {} : { method: 'POST', body: body.text }),
    });
    if (answer.statusCode !== 200) {
      const retryAfter = answer.headers['retry-after'];
      const reason = await readReason(answer.body);
      throw errorOfStatus(answer.statusCode, reason, Array.isArray(retryAfter) ? retryAfter[0] : retryAfter);
    }
    // Kubecost's frontend answers its user interface where it knows no route.
    if (/^text\/html\b/.test(String(answer.headers['content-type'] ?? ''))) {
      await answer.body.dump();
      throw errorOfStatus(404, '', undefined);
    }
    await read(answer.body);
  };

  const send = async (
    sent: KubecostRequest,
    read: (answer: Dispatcher.ResponseData['body']) => Promise<void>,
  ): Promise<void> => {
    sent.signal?.throwIfAborted();
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      await attempt(sent, sent.signal === undefined ? limit : AbortSignal.any([sent.signal, limit]), read);
    } catch (error) {
      sent.signal?.throwIfAborted();
      if (isAppError(error)) throw error;
      throw limit.aborted ? timedOut(timeoutMs, error) : unreachable(error);
    }
  };

  return {
    stream: (sent, take) => {
      const maxBytes = sent.isKept === true ? maxJsonBytes : maxStreamBytes;
      return send(sent, (answer) =>
        readPieces(answer, { maxBytes, budget: sent.budget }, async (piece) => {
          for (let from = 0; from < piece.length; from += sliceBytes) {
            take(piece.subarray(from, from + sliceBytes));
            await nextTurn();
          }
        }),
      );
    },
    async json(sent) {
      const pieces: Uint8Array[] = [];
      await send(sent, (answer) =>
        readPieces(answer, { maxBytes: maxJsonBytes, budget: sent.budget }, (piece) => pieces.push(piece)),
      );
      try {
        const parsed: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'));
        return parsed;
      } catch (error) {
        throw unexpected('the text', 'it is not JSON', error);
      }
    },
    close: () => dispatcher.destroy(),
  };
}
