import { timingSafeEqual, createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { clickhouseError } from './clickhouse-error';
import type { QueryContext, ReadonlyLevel } from './engine';

/** Who may use the server. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What a request says beside its body. */
export interface QueryRequest {
  readonly queryId: string;
  /** The query in the URL, empty when it is in the body. */
  readonly query: string;
  readonly context: QueryContext;
  readonly defaultFormat: string;
  /** Whether the answer is held back until the query has ended, so that its status is the query's. */
  readonly waitEndOfQuery: boolean;
  /** Whether the answer is to be compressed with gzip. */
  readonly gzip: boolean;
}

// Names of URL parameters that are not settings of the query, as ClickHouse's HTTP interface defines them.
const notSettings = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'user',
  'password',
  'quota_key',
  'stacktrace',
  'role',
  'wait_end_of_query',
  'buffer_size',
  'enable_http_compression',
  'http_response_buffer_size',
  'http_headers_progress_interval_ms',
  'send_progress_in_http_headers',
  'http_write_exception_in_output_format',
  'client_protocol_version',
  'readonly',
  // One server, one writer, and an answer only when the rows are stored: what these ask for is so anyway.
  'async_insert',
  'wait_for_async_insert',
]);
const refused = new Set(['session_id', 'session_timeout', 'session_check', 'close_session', 'compress', 'decompress']);
const settingName = /^[A-Za-z_][A-Za-z0-9_]*$/;

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function isOn(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}

function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function givenCredentials(request: IncomingMessage, fields: ReadonlyMap<string, string>): Credentials {
  const user = single(request.headers['x-clickhouse-user']);
  const key = single(request.headers['x-clickhouse-key']);
  if (user !== undefined || key !== undefined) return { user: user ?? 'default', password: key ?? '' };
  const basic = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic === undefined) return { user: fields.get('user') ?? 'default', password: fields.get('password') ?? '' };
  const text = Buffer.from(basic, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? { user: text, password: '' } : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * Checks who asks.
 *
 * @param request - its `X-ClickHouse-User` and `-Key`, else `Authorization: Basic`, else `user` and `password` of the URL count
 * @param fields - the URL's parameters
 * @param expected - who may use the server
 * @throws {@link ClickhouseError} AUTHENTICATION_FAILED
 */
export function authenticate(
  request: IncomingMessage,
  fields: ReadonlyMap<string, string>,
  expected: Credentials,
): void {
  const given = givenCredentials(request, fields);
  const userMatches = sameSecret(given.user, expected.user);
  if (sameSecret(given.password, expected.password) && userMatches) return;
  throw clickhouseError(
    'AUTHENTICATION_FAILED',
    `${given.user}: Authentication failed: password is incorrect, or there is no user with such name`,
  );
}

function readonlyLevel(method: string | undefined, asked: string | undefined): ReadonlyLevel {
  if (asked === '1') return 1;
  return asked === '2' || method === 'GET' || method === 'HEAD' ? 2 : 0;
}

/**
 * Reads a request's parameters.
 *
 * @param request - its method and headers are looked at
 * @param fields - parameters of the URL, and those of a form in the body
 * @throws {@link ClickhouseError} UNKNOWN_SETTING for a name that can be none, NOT_IMPLEMENTED for sessions and native compression
 */
export function parseQueryRequest(request: IncomingMessage, fields: ReadonlyMap<string, string>): QueryRequest {
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of fields) {
    if (refused.has(name)) {
      if (value === '' || value === '0') continue;
      throw clickhouseError('NOT_IMPLEMENTED', `The embedded ClickHouse does not support the parameter ${name}`);
    }
    if (notSettings.has(name)) continue;
    const parameter = name.startsWith('param_') ? name.slice('param_'.length) : undefined;
    if (!settingName.test(parameter ?? name)) throw clickhouseError('UNKNOWN_SETTING', `Unknown setting '${name}'`);
    if (parameter === undefined) settings.set(name, value);
    else parameters.set(parameter, value);
  }
  const database = fields.get('database') ?? single(request.headers['x-clickhouse-database']) ?? '';
  const acceptsGzip = /\bgzip\b/.test(single(request.headers['accept-encoding']) ?? '');
  return {
    queryId: fields.get('query_id') ?? single(request.headers['x-clickhouse-query-id']) ?? randomUUID(),
    query: fields.get('query') ?? '',
    context: {
      database: database === '' ? 'default' : database,
      settings,
      parameters,
      readonly: readonlyLevel(request.method, fields.get('readonly')),
    },
    defaultFormat: fields.get('default_format') ?? single(request.headers['x-clickhouse-format']) ?? 'TabSeparated',
    waitEndOfQuery: isOn(fields.get('wait_end_of_query')),
    gzip: isOn(fields.get('enable_http_compression')) && acceptsGzip,
  };
}
