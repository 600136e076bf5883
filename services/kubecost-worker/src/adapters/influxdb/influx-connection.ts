import { HttpError, InfluxDB, RequestTimedOutError, type Transport } from '@influxdata/influxdb-client';
import { AppError, isAppError } from '@cloudtuner/errors';
import { z } from 'zod';
import type { InfluxOptions } from '../../export-ports';

/** InfluxDB by the two requests of its 1.x API, which 1.x and 2.x both serve. @throws `influxdb-unavailable`, `influxdb-timeout`, `influxdb-rejected` */
export interface InfluxConnection {
  /** Lines of the line protocol, times in seconds. */
  write(database: string, lines: readonly string[], signal: AbortSignal): Promise<void>;
  /** One InfluxQL statement; answers the results as they came. */
  query(database: string, statement: string, signal: AbortSignal): Promise<unknown>;
}

const gzipThresholdBytes = 1_000;
/** Of what a peer says, this much is kept. */
const longestReason = 300;

/** 1.x says it under the one name, 2.x under the other. */
const said = z.object({ error: z.string().optional(), message: z.string().optional() }).catch({});

/** Its words about the data name series, never credentials. */
function reasonOf({ json, body }: HttpError): string {
  const { error, message } = said.parse(json);
  return (error ?? message ?? body ?? '').slice(0, longestReason);
}

function toAppError(error: unknown, signal: AbortSignal): AppError {
  if (isAppError(error)) return error;
  if (error instanceof HttpError) {
    const { statusCode } = error;
    const says = `InfluxDB answered ${String(statusCode)}: ${reasonOf(error)}`;
    // The points are wrong. Every other refusal (credentials, no such database, overload) can pass without changing them.
    const aboutData = statusCode === 400 || statusCode === 413 || statusCode === 422;
    return new AppError(aboutData ? 'influxdb-rejected' : 'influxdb-unavailable', says, { cause: error });
  }
  if (error instanceof RequestTimedOutError || signal.aborted)
    return new AppError('influxdb-timeout', 'InfluxDB did not answer in time.', { cause: error });
  return new AppError('influxdb-unavailable', 'InfluxDB cannot be reached.', { cause: error });
}

function transportOf({ url, username, password = '', token, timeoutMs, tls }: InfluxOptions): Transport {
  const basic =
    token === undefined && username !== undefined
      ? { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
      : {};
  return new InfluxDB({
    url,
    timeout: timeoutMs,
    headers: basic,
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined ? {} : { transportOptions: { ...tls } }),
  }).transport;
}

/**
 * Connects through the official client. Its own write API speaks `/api/v2/write`, which 1.x has only since 1.8, and InfluxQL it does not
 * speak at all; its transport and its encoding of points serve both.
 */
export function connectInflux(options: InfluxOptions): InfluxConnection {
  const transport = transportOf(options);

  const request = async (
    path: string,
    body: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<unknown> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
    try {
      return await transport.request(path, body, {
        method: 'POST',
        headers,
        gzipThreshold: gzipThresholdBytes,
        signal: limit,
      });
    } catch (error) {
      throw toAppError(error, limit);
    }
  };

  return {
    async write(database, lines, signal) {
      const path = `/write?${new URLSearchParams({ db: database, precision: 's' }).toString()}`;
      await request(path, lines.join('\n'), { 'content-type': 'text/plain; charset=utf-8' }, signal);
    },
    query(database, statement, signal) {
      const path = `/query?${new URLSearchParams({ db: database, epoch: 's' }).toString()}`;
      const form = new URLSearchParams({ q: statement }).toString();
      return request(
        path,
        form,
        { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        signal,
      );
    },
  };
}
