import { ClickHouseError } from '@clickhouse/client';
import { AppError, isAppError, type ErrorCode } from '@cloudtuner/errors';

const retryAfterMs = 5_000;

/**
 * ClickHouse's own numbers that mean something else than "this statement is wrong".
 *
 * Source: `system.errors` (ErrorCodes.cpp of ClickHouse).
 */
const codeByNumber: Readonly<Record<string, ErrorCode>> = {
  '60': 'clickhouse-schema-missing', // UNKNOWN_TABLE
  '81': 'clickhouse-schema-missing', // UNKNOWN_DATABASE
  '16': 'clickhouse-schema-missing', // NO_SUCH_COLUMN_IN_TABLE
  '158': 'clickhouse-query-too-large', // TOO_MANY_ROWS
  '159': 'clickhouse-query-timeout', // TIMEOUT_EXCEEDED
  '160': 'clickhouse-query-timeout', // TOO_SLOW
  '241': 'clickhouse-query-too-large', // MEMORY_LIMIT_EXCEEDED
  '307': 'clickhouse-query-too-large', // TOO_MANY_BYTES
  '396': 'clickhouse-query-too-large', // TOO_MANY_ROWS_OR_BYTES
  '3': 'clickhouse-unavailable', // UNEXPECTED_END_OF_FILE
  '4': 'clickhouse-unavailable', // EXPECTED_END_OF_FILE
  '192': 'clickhouse-unavailable', // UNKNOWN_USER
  '193': 'clickhouse-unavailable', // WRONG_PASSWORD
  '202': 'clickhouse-unavailable', // TOO_MANY_SIMULTANEOUS_QUERIES
  '209': 'clickhouse-unavailable', // SOCKET_TIMEOUT
  '210': 'clickhouse-unavailable', // NETWORK_ERROR
  '225': 'clickhouse-unavailable', // NO_ZOOKEEPER
  '236': 'clickhouse-unavailable', // ABORTED
  '242': 'clickhouse-unavailable', // TABLE_IS_READ_ONLY
  '243': 'clickhouse-unavailable', // NOT_ENOUGH_SPACE
  '252': 'clickhouse-unavailable', // TOO_MANY_PARTS
  '319': 'clickhouse-unavailable', // UNKNOWN_STATUS_OF_INSERT
  '394': 'clickhouse-unavailable', // QUERY_WAS_CANCELLED
  '497': 'clickhouse-unavailable', // ACCESS_DENIED
  '516': 'clickhouse-unavailable', // AUTHENTICATION_FAILED
  '999': 'clickhouse-unavailable', // KEEPER_EXCEPTION
};

const messageByCode: Partial<Record<ErrorCode, string>> = {
  'clickhouse-unavailable': 'ClickHouse cannot be used at the moment.',
  'clickhouse-schema-missing': 'The tables are not there yet.',
  'clickhouse-query-timeout': 'The query took longer than its limit.',
  'clickhouse-query-too-large': 'The query needs more than its limit of memory or rows.',
  'clickhouse-rejected': 'ClickHouse refused a statement.',
};

function codeOf(error: ClickHouseError): ErrorCode {
  // "(total) memory limit exceeded" speaks of the server, not of this query.
  if (error.code === '241' && /\btotal\b/.test(error.message)) return 'clickhouse-unavailable';
  return codeByNumber[error.code] ?? 'clickhouse-rejected';
}

/** An error of the driver in our words. What is not an answer of ClickHouse is a failed connection: refused, reset, timed out, cut off. */
export function toClickhouseError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const code = error instanceof ClickHouseError ? codeOf(error) : 'clickhouse-unavailable';
  return new AppError(code, messageByCode[code] ?? 'ClickHouse refused a statement.', {
    cause: error,
    ...(code === 'clickhouse-unavailable' || code === 'clickhouse-schema-missing' ? { retryAfterMs } : {}),
  });
}

/** True when a kept-alive connection was closed under the request before anything of an answer came. */
export function isStaleConnection(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
