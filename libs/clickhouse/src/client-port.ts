import type { z } from 'zod';

/** Who asks and why. Written to ClickHouse's `log_comment`, so that `system.query_log` can be read by surface, route and tenant. */
export interface QueryTag {
  /** The service: `restapi`, `kubecost-worker`, … */
  readonly surface: string;
  /** The route pattern, or the name of the job. */
  readonly route: string;
}

/** What a query may use before ClickHouse ends it. */
export interface QueryLimits {
  /** Default 25 s; above it the query fails with `clickhouse-query-timeout`. */
  readonly maxExecutionSeconds?: number;
  /** Default 1 GiB; above it the query fails with `clickhouse-query-too-large`. */
  readonly maxMemoryBytes?: number;
  /** Default 1,000,000; above it the query fails with `clickhouse-query-too-large`. */
  readonly maxResultRows?: number;
}

/** A value of a `{name:Type}` parameter. */
export type QueryParam =
  string | number | boolean | null | readonly QueryParam[] | { readonly tuple: readonly QueryParam[] };

/** Values of the `{name:Type}` parameters of a statement. Nothing is ever put into SQL text by hand. */
export type QueryParams = Readonly<Record<string, QueryParam>>;

interface Statement {
  readonly sql: string;
  readonly params?: QueryParams;
  readonly tag: QueryTag;
  /** The cloud account, or the organization when several accounts are read at once. */
  readonly tenant: string;
  readonly limits?: QueryLimits;
  readonly signal?: AbortSignal;
}

/** A SELECT without FORMAT, and the form of its rows. */
export interface QueryRequest<Row> extends Statement {
  readonly schema: z.ZodType<Row>;
}

/** Rows for one table, written as one block (atomic as long as they fall into one partition). */
export interface InsertRequest {
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** A second insert with the same token is dropped by the server (within the last 10,000 inserts of the table). */
  readonly token?: string;
  readonly tag: QueryTag;
  readonly tenant: string;
  readonly signal?: AbortSignal;
}

/** A statement without an answer. Without `limits` it has none. */
export interface CommandRequest extends Statement {
  /** For `INSERT … SELECT`: its rows are one block, and a second one with the same token is dropped, as with {@link InsertRequest}. */
  readonly token?: string;
}

/**
 * ClickHouse as the services see it. 64-bit integers and decimals arrive as strings.
 *
 * Every method throws `clickhouse-unavailable` when the server is away, hangs or is overloaded, `clickhouse-schema-missing` before the
 * migrations ran, `clickhouse-query-timeout` and `clickhouse-query-too-large` above a limit, `clickhouse-rejected` when the statement is wrong.
 */
export interface ClickhouseClient {
  readonly database: string;
  /** All rows, parsed. @throws `clickhouse-unexpected-row` when a row has another form than the schema. */
  query<Row>(request: QueryRequest<Row>): Promise<Row[]>;
  /** Resolves after the server has committed the block. */
  insert(request: InsertRequest): Promise<void>;
  command(request: CommandRequest): Promise<void>;
  /** The same server without a selected database: for migrations and other work on databases. */
  server(): ClickhouseClient;
  /** Rejects unless the server answers a query with our credentials. */
  ping(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
