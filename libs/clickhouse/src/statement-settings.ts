import type { ClickHouseSettings } from '@clickhouse/client';
import type { CommandRequest, QueryLimits, QueryTag } from './client-port';

const gibibyte = 1_073_741_824;

/** Below the time-out of a request, so that the server's own answer arrives first and nothing keeps running behind it. */
const defaultLimits: Required<QueryLimits> = {
  maxExecutionSeconds: 25,
  maxMemoryBytes: gibibyte,
  maxResultRows: 1_000_000,
};

const logComment = (tag: QueryTag, tenant: string): string =>
  JSON.stringify({ surface: tag.surface, route: tag.route, tenant });

/** Settings of every statement: JSON that JavaScript reads without loss, and a comment that says who asked. */
function statementSettings(tag: QueryTag, tenant: string): ClickHouseSettings {
  return {
    log_comment: logComment(tag, tenant),
    output_format_json_quote_64bit_integers: 1,
    output_format_json_quote_decimals: 1,
    // An error after the first rows would otherwise arrive inside a 200 answer.
    wait_end_of_query: 1,
  };
}

function usageSettings({ maxExecutionSeconds, maxMemoryBytes }: Required<QueryLimits>): ClickHouseSettings {
  return {
    max_execution_time: maxExecutionSeconds,
    timeout_overflow_mode: 'throw',
    max_memory_usage: String(maxMemoryBytes),
  };
}

/**
 * A statement that only reads is ended by the server when its client has gone. It looks for that at each progress of the query, and
 * only if it was told that nothing is written; 2 leaves the statement its own settings.
 */
const endedWithClient: ClickHouseSettings = { readonly: '2', cancel_http_readonly_queries_on_client_close: 1 };

/** Settings of a SELECT: what it may use. */
export function querySettings(tag: QueryTag, tenant: string, limits: QueryLimits = {}): ClickHouseSettings {
  const wanted = { ...defaultLimits, ...limits };
  return {
    ...statementSettings(tag, tenant),
    ...endedWithClient,
    ...usageSettings(wanted),
    max_result_rows: String(wanted.maxResultRows),
    result_overflow_mode: 'throw',
  };
}

/** Settings of a statement without an answer. */
export function commandSettings({ tag, tenant, limits, token }: CommandRequest): ClickHouseSettings {
  return {
    ...(token === undefined ? statementSettings(tag, tenant) : insertSettings(tag, tenant, token)),
    // Several threads would write several parts.
    ...(token === undefined ? {} : { max_insert_threads: '1' }),
    ...(limits === undefined ? {} : usageSettings({ ...defaultLimits, ...limits })),
  };
}

/**
 * Settings of an INSERT: all its rows are gathered into one block, and so one part, which is visible as a whole or not at all (ClickHouse
 * would begin another at 256 MiB). Inserts of several clients are not mixed, and collapsing while inserting would drop the old half of a
 * correction.
 */
export function insertSettings(tag: QueryTag, tenant: string, token: string | undefined): ClickHouseSettings {
  return {
    ...statementSettings(tag, tenant),
    async_insert: 0,
    min_insert_block_size_rows: '100000000',
    min_insert_block_size_bytes: String(4 * gibibyte),
    optimize_on_insert: 0,
    date_time_input_format: 'best_effort',
    ...(token === undefined ? {} : { insert_deduplicate: 1, insert_deduplication_token: token }),
  };
}
