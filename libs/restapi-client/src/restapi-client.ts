import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import axios, { isAxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import type { z } from 'zod';
import type { Operation } from './contract/operation';
import { operations, type OperationId, type Operations } from './contract/operations';
import { errorOfAnswer, RestapiError } from './restapi-error';

/** How to reach the API and who calls. */
export interface RestapiClientOptions {
  /** Scheme, host and port, without `/restapi`. */
  readonly baseUrl: string;
  /** Bearer token; read anew for each call, so that it can be renewed. */
  readonly token?: () => string | undefined;
  /** The cluster secret, for the operations of the platform's operator. */
  readonly secret?: string;
  /** From the start of a call to the end of its answer. Default 30 000. */
  readonly timeoutMs?: number;
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly rejectUnauthorized: boolean;
  };
  /** The request id to hand on; without one the server makes its own. */
  readonly requestId?: () => string | undefined;
}

/** A file to send: its bytes, or a stream of them. */
export type Upload = Uint8Array | Readable;

type Part<O, K extends string> =
  O extends Readonly<Record<K, infer S extends z.ZodType>> ? Readonly<Record<K, z.input<S>>> : unknown;
type OptionalPart<O, K extends string> =
  O extends Readonly<Record<K, infer S extends z.ZodType>>
    ? Record<string, never> extends z.input<S>
      ? { readonly [P in K]?: z.input<S> }
      : Readonly<Record<K, z.input<S>>>
    : unknown;

type UploadPart<O> = O extends { readonly upload: unknown } ? { readonly upload: Upload } : unknown;

/** What an operation is called with: `params`, `query` and `body`, as far as it has them. */
export type InputOf<K extends OperationId> = Part<Operations[K], 'params'> &
  UploadPart<Operations[K]> &
  OptionalPart<Operations[K], 'query'> &
  OptionalPart<Operations[K], 'body'>;

/** What an operation answers when it goes well. */
export type OutputOf<K extends OperationId> = z.output<Operations[K]['response']>;

/** One method per operation of the contract. @throws RestapiError */
export type RestapiClient = {
  readonly [K in OperationId]: (input: InputOf<K>, options?: { signal?: AbortSignal }) => Promise<OutputOf<K>>;
};

interface CallInput {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly upload?: Upload;
}

const defaultTimeoutMs = 30_000;
const maxAnswerBytes = 64 * 1024 * 1024;

function pathOf(operation: Operation, params: Readonly<Record<string, unknown>> = {}): string {
  return operation.path.replace(/:([a-z_]+)/g, (_match, name: string) => encodeURIComponent(String(params[name])));
}

function headersOf(options: RestapiClientOptions, operation: Operation): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
  const requestId = options.requestId?.();
  if (requestId !== undefined) headers['x-request-id'] = requestId;
  const token = options.token?.();
  if (operation.access === 'cluster-secret') {
    if (options.secret !== undefined) headers['secret'] = options.secret;
  } else if (operation.access !== 'public' && token !== undefined) {
    headers['authorization'] = `Bearer ${token}`;
  }
  return headers;
}

function errorOfTransport(error: unknown): RestapiError {
  if (isAxiosError(error) && (error.code === 'ECONNABORTED' || error.code === 'ETIMEDOUT')) {
    return new RestapiError('timeout', 'The API did not answer in time.', { cause: error });
  }
  return new RestapiError('network', 'The API could not be reached.', { cause: error });
}

async function send(
  http: AxiosInstance,
  request: Parameters<AxiosInstance['request']>[0],
): Promise<AxiosResponse<unknown>> {
  try {
    return await http.request<unknown>(request);
  } catch (error) {
    throw errorOfTransport(error);
  }
}

async function call(
  http: AxiosInstance,
  options: RestapiClientOptions,
  operation: Operation,
  input: CallInput & { signal?: AbortSignal | undefined },
): Promise<unknown> {
  const answer = await send(http, {
    method: operation.method,
    url: pathOf(operation, input.params),
    headers: {
      ...headersOf(options, operation),
      ...(operation.upload === undefined ? {} : { 'content-type': 'application/octet-stream' }),
    },
    ...(input.query === undefined ? {} : { params: input.query }),
    ...(operation.body === undefined ? {} : { data: input.body ?? {} }),
    ...(input.upload === undefined ? {} : { data: input.upload }),
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  });
  if (answer.status !== operation.status) throw errorOfAnswer({ ...answer, body: answer.data });
  const parsed = operation.response.safeParse(answer.status === 204 ? undefined : answer.data);
  if (parsed.success) return parsed.data;
  throw new RestapiError(
    'unexpected-answer',
    `The answer of ${operation.operationId} is not the one of the contract.`,
    {
      cause: parsed.error,
      status: answer.status,
    },
  );
}

/** A client of every operation in the contract. Answers are parsed, so what it returns is what the types say. */
export function createRestapiClient(options: RestapiClientOptions): RestapiClient {
  const timeout = options.timeoutMs ?? defaultTimeoutMs;
  const http = axios.create({
    baseURL: options.baseUrl,
    timeout,
    maxContentLength: maxAnswerBytes,
    maxBodyLength: Infinity,
    // Several values are the same name several times.
    paramsSerializer: { indexes: null },
    maxRedirects: 0,
    proxy: false,
    validateStatus: () => true,
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({ keepAlive: true, ...options.tls }),
  });
  const methods = Object.entries(operations).map(([id, operation]) => [
    id,
    (input: CallInput, { signal }: { signal?: AbortSignal } = {}) =>
      call(http, options, operation, { ...input, signal }),
  ]);
  // The methods are made from the same table as their types.
  return Object.fromEntries(methods) as RestapiClient;
}
