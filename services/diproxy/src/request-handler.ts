import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { AppError, toAppError, type ErrorCode } from '@cloudtuner/errors';
import { answerHealth, requestIdFrom, requestIdHeader } from '@cloudtuner/service-kit';
import type { Health, Logger } from '@cloudtuner/service-kit';
import { reasonLabel, type AccountMetrics } from './account-metrics';
import { answerError, sendAnswer, type WriteAnswer } from './answer';
import type { Metrics } from './metrics';
import { handleWrite, type WriteContext, type WriteProgress } from './pipeline';

const writePaths: ReadonlySet<string> = new Set(['/storage/api/v2/write', '/write', '/api/v1/write']);

export interface RequestHandlerOptions {
  readonly context: WriteContext;
  readonly health: Health;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly accountMetrics: AccountMetrics;
}

interface ServeOptions extends RequestHandlerOptions {
  /** For lines without anything that came from elsewhere than this file and an answer. */
  readonly writeLogger: Logger;
}

/** The HTTP edge: routes, request ids, and the one place where errors become answers, log lines and metrics. */
export function createRequestHandler(handlerOptions: RequestHandlerOptions): RequestListener {
  // The line of a write has nothing to be redacted, and looking for it made as much garbage as all the rest of a write.
  const writeLogger = handlerOptions.logger.child({}, { redact: [] });
  const options: ServeOptions = { ...handlerOptions, writeLogger };
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (!writePaths.has(path)) {
      if ((request.method === 'GET' || request.method === 'HEAD') && answerHealth(path, options.health, response))
        return;
      sendAnswer(request, response, answerError(new AppError('not-found', 'There is nothing at this address.')));
      return;
    }
    if (request.method !== 'POST') {
      sendAnswer(request, response, answerError(new AppError('method-not-allowed', 'Writes are sent with POST.')));
      return;
    }
    const requestId = requestIdFrom(request.headers['x-request-id']);
    response.setHeader(requestIdHeader, requestId);
    // An error on the socket while a body is unread ends here; the reader of the body has its own listener.
    request.on('error', () => undefined);
    // Handed on by hand: keeping it in async context costs every promise of a write some microseconds.
    void serve(request, response, requestId, options);
  };
}

/** Aborted when the connection ends before the answer is out. */
function leavingOf(response: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) leaving.abort();
  });
  return leaving.signal;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  options: ServeOptions,
): Promise<void> {
  const { context, metrics } = options;
  const startedMs = performance.now();
  const progress: WriteProgress = {};
  let answer: WriteAnswer;
  let error: AppError | undefined;
  try {
    const invite = (): void => {
      if (request.headers.expect !== undefined) response.writeContinue();
    };
    answer = await handleWrite({ request, invite, left: leavingOf(response) }, context, progress);
  } catch (thrown) {
    error = toAppError(thrown);
    answer = answerError(error, progress.protocol);
  }
  const aborted = answer.code === 'request-aborted';
  // A sender drops its data on any 4xx, 408 included: one that was too slow finds a closed connection and tries again.
  if (aborted) request.destroy();
  else sendAnswer(request, response, answer);

  const durationMs = performance.now() - startedMs;
  metrics.requests.inc({ status: aborted ? 'aborted' : String(answer.status) });
  metrics.requestSeconds.observe(durationMs / 1000);
  countRequest(metrics, progress, answer.code);
  countSamples(options, progress, answer.code);
  logWrite(options, { requestId, progress, answer, aborted, durationMs, cause: error });
}

function countRequest(metrics: Metrics, progress: WriteProgress, code: ErrorCode | undefined): void {
  const { protocol, bodyBytes = 0, checked } = progress;
  if (code !== undefined) metrics.refusedRequests.inc({ reason: reasonLabel(code) });
  if (protocol !== undefined) metrics.protocols.inc({ protocol });
  metrics.receivedBytes.inc(bodyBytes);
  if (checked === undefined) return;
  metrics.decodedBytes.inc(checked.decodedBytes);
  metrics.receivedSamples.inc(checked.received.samples + checked.received.histograms);
  metrics.renamedLabels.inc(checked.renamedLabels);
}

// What the answer says of the whole of what had passed the checks.
const discardingCodes: ReadonlySet<ErrorCode> = new Set(['metrics-store-rejected', 'sample-rate-exceeded']);

function countSamples(
  { metrics, accountMetrics }: RequestHandlerOptions,
  { accountId, checked, forwarded }: WriteProgress,
  code: ErrorCode | undefined,
): void {
  if (checked === undefined || accountId === undefined) return;
  const discard = (reason: ErrorCode, held: { readonly series: number; readonly samples: number }): void => {
    accountMetrics.discarded(accountId, reason, held.samples);
    metrics.discardedSeries.inc({ reason: reasonLabel(reason) }, held.series);
  };
  const accepted = checked.accepted.samples + checked.accepted.histograms;
  if (forwarded === true) accountMetrics.accepted(accountId, accepted);
  const discarding = code !== undefined && discardingCodes.has(code);
  if (discarding) discard(code, { series: checked.accepted.series, samples: accepted });
  // With the store in trouble the sender sends all of it again, the bad series too: they count once, then.
  if (forwarded !== true && code !== checked.refusals[0]?.code && !discarding) return;
  for (const refusal of checked.refusals) discard(refusal.code, refusal);
}

function logWrite(
  { logger, writeLogger }: ServeOptions,
  write: {
    requestId: string;
    progress: WriteProgress;
    answer: WriteAnswer;
    aborted: boolean;
    durationMs: number;
    cause: unknown;
  },
): void {
  const { requestId, progress, answer, aborted, durationMs, cause } = write;
  const { accountId, bodyBytes, checked } = progress;
  const line = {
    request_id: requestId,
    account: accountId,
    bytes: bodyBytes,
    series: checked?.received.series,
    samples: checked?.received.samples,
    status: aborted ? undefined : answer.status,
    code: answer.code,
    duration_ms: Math.round(durationMs * 10) / 10,
  };
  if (answer.status >= 500) logger.warn({ ...line, err: cause }, 'write failed');
  else writeLogger.info(answer.code === undefined ? line : { ...line, detail: answer.text }, 'write');
}
