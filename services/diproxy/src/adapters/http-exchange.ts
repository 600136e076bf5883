import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** One request as it goes out. */
export interface ExchangeRequest {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** What came back. */
export interface ExchangeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The beginning of the body; the rest is thrown away. */
  readonly text: string;
}

/** There was no connection: not one byte has gone out. */
export class NotSentError extends Error {}
/** The caller gave up before one byte had gone out. */
export class GivenUpError extends Error {}
/** The answer was not complete in time. */
export class ExchangeTimeoutError extends Error {}

const maxTextBytes = 2_048;

/** Takes the events of one exchange and settles it once. */
class ExchangeHandler implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private settled = false;
  private status = 0;
  private headers: IncomingHttpHeaders = {};
  private readonly chunks: Buffer[] = [];
  private textBytes = 0;

  constructor(
    private readonly done: (answer: ExchangeAnswer) => void,
    private readonly failed: (error: Error) => void,
  ) {}

  /** True from the moment when bytes may have gone out. */
  get started(): boolean {
    return this.controller !== undefined;
  }

  /** Ends it here, whatever comes later. */
  fail(error: Error): void {
    if (this.settled) return;
    this.settled = true;
    this.failed(error);
    this.controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it waited for a connection.
    if (this.settled) controller.abort(new GivenUpError('given up'));
    else this.controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.textBytes < maxTextBytes) this.chunks.push(chunk);
    this.textBytes += chunk.length;
    if (this.textBytes < maxTextBytes) return;
    this.finish();
    // Whoever answers with more than a few words is not read to the end.
    controller.abort(new Error('the answer is too long'));
  }

  onResponseEnd(): void {
    this.finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(this.started ? error : new NotSentError('no connection', { cause: error }));
  }

  private finish(): void {
    if (this.settled) return;
    this.settled = true;
    const text = Buffer.concat(this.chunks).subarray(0, maxTextBytes).toString('utf8');
    this.done({ status: this.status, headers: this.headers, text });
  }
}

/**
 * One request and its whole answer. Unlike the client's own `request` it tells whether anything was sent before it
 * failed, and its time limit also holds while it waits for a connection.
 *
 * @throws NotSentError, GivenUpError (only before anything was sent), ExchangeTimeoutError, and what the connection throws
 */
export function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  bounds: { readonly timeoutMs: number; readonly giveUp?: AbortSignal },
): Promise<ExchangeAnswer> {
  const { timeoutMs, giveUp } = bounds;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      giveUp?.removeEventListener('abort', onGiveUp);
    };
    const handler = new ExchangeHandler(
      (answer) => {
        settle();
        resolve(answer);
      },
      (error) => {
        settle();
        reject(error);
      },
    );
    const timer = setTimeout(() => handler.fail(new ExchangeTimeoutError('no answer in time')), timeoutMs);
    const onGiveUp = (): void => {
      if (!handler.started) handler.fail(new GivenUpError('given up before it was sent'));
    };
    if (giveUp?.aborted === true) {
      onGiveUp();
      return;
    }
    giveUp?.addEventListener('abort', onGiveUp);
    dispatcher.dispatch({ ...request, headers: { ...request.headers } }, handler);
  });
}
