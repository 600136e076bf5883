import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { AppError, toAppError, type ErrorCode } from '@cloudtuner/errors';
import { answerHealth, requestIdFrom, requestIdHeader, runWithRequestId } from '@cloudtuner/service-kit';
import type { Health, Logger } from '@cloudtuner/service-kit';
import { answerError, sendAnswer, type WriteAnswer } from './answer';
import { reasonLabel, type Metrics } from './metrics';
import { handleWrite, type WriteContext, type WriteProgress } from './pipeline';

const writePaths: ReadonlySet<string> = new Set(['/storage/api/v2/write', '/write', '/api/v1/write']);

export interface RequestHandlerOptions {
  readonly context: WriteContext;
  readonly health: Health;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The HTTP edge: routes, request ids, and the one place where errors become answers, log lines and metrics. */
export function createRequestHandler(options: RequestHandlerOptions): RequestListener {
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
    void runWithRequestId(requestId, () => serve(request, response, options));
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { context, logger, metrics }: RequestHandlerOptions,
): Promise<void> {
  const startedMs = performance.now();
  const progress: WriteProgress = {};
  let answer: WriteAnswer;
  let error: AppError | undefined;
  try {
    answer = await handleWrite(request, context, progress);
  } catch (thrown) {
    error = toAppError(thrown);
    answer = answerError(error);
  }
  const aborted = answer.code === 'request-aborted';
  // A sender drops its data on any 4xx, 408 included: one that was too slow finds a closed connection and tries again.
  if (aborted) request.destroy();
  else sendAnswer(request, response, answer);

  const durationMs = performance.now() - startedMs;
  metrics.requests.inc({ status: aborted ? 'aborted' : String(answer.status) });
  metrics.requestSeconds.observe(durationMs / 1000);
  countOutcome(metrics, progress, answer.code);
  logWrite(logger, { progress, answer, aborted, durationMs, cause: error });
}

function countOutcome(metrics: Metrics, progress: WriteProgress, code: ErrorCode | undefined): void {
  const { bodyBytes = 0, decodedBytes = 0, checked, forwarded } = progress;
  if (code !== undefined) metrics.refusedRequests.inc({ reason: reasonLabel(code) });
  metrics.receivedBytes.inc(bodyBytes);
  metrics.decodedBytes.inc(decodedBytes);
  if (checked === undefined) return;
  const accepted = checked.accepted.samples + checked.accepted.histograms;
  metrics.receivedSamples.inc(checked.received.samples + checked.received.histograms);
  metrics.renamedLabels.inc(checked.renamedLabels);
  if (forwarded === true) metrics.acceptedSamples.inc(accepted);
  if (code === 'metrics-store-rejected') {
    metrics.discardedSamples.inc({ reason: reasonLabel(code) }, accepted);
    metrics.discardedSeries.inc({ reason: reasonLabel(code) }, checked.accepted.series);
  }
  // With the store in trouble the sender sends all of it again, the bad series too: they count once, then.
  if (forwarded !== true && code !== checked.refusals[0]?.code && code !== 'metrics-store-rejected') return;
  for (const { code: reason, series, samples } of checked.refusals) {
    metrics.discardedSamples.inc({ reason: reasonLabel(reason) }, samples);
    metrics.discardedSeries.inc({ reason: reasonLabel(reason) }, series);
  }
}

function logWrite(
  logger: Logger,
  write: { progress: WriteProgress; answer: WriteAnswer; aborted: boolean; durationMs: number; cause: unknown },
): void {
  const { progress, answer, aborted, durationMs, cause } = write;
  const { accountId, bodyBytes, checked } = progress;
  const line = {
    account: accountId,
    bytes: bodyBytes,
    series: checked?.received.series,
    samples: checked?.received.samples,
    status: aborted ? undefined : answer.status,
    code: answer.code,
    duration_ms: Math.round(durationMs * 10) / 10,
  };
  if (answer.status >= 500) logger.warn({ ...line, err: cause }, 'write failed');
  else logger.info(answer.code === undefined ? line : { ...line, detail: answer.text }, 'write');
}
