import { Agent } from 'node:https';
import { createClient, TupleParam } from '@clickhouse/client';
import { AppError } from '@cloudtuner/errors';
import type { z } from 'zod';
import type { ClickhouseClient, QueryParam, QueryParams } from './client-port';
import { isStaleConnection, toClickhouseError } from './clickhouse-errors';
import { commandSettings, insertSettings, querySettings } from './statement-settings';

type Driver = ReturnType<typeof createClient>;

/** TLS of the connection, as PEM texts. */
export interface ClickhouseTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False accepts any certificate. */
  readonly rejectUnauthorized?: boolean;
}

/** Where ClickHouse is and how we sign in. */
export interface ClickhouseOptions {
  /** `http://` or `https://`; user name, password and database go into their own fields. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly database: string;
  readonly tls?: ClickhouseTls;
  /** From the first byte sent to the last received; default 30,000 ms. */
  readonly requestTimeoutMs?: number;
  /** Default 10. */
  readonly maxConnections?: number;
}

const databaseName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const pingTimeoutMs = 5_000;

function createDriver(options: ClickhouseOptions, database: string | undefined, requestTimeoutMs: number): Driver {
  const { tls, maxConnections = 10 } = options;
  return createClient({
    url: options.url,
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(database === undefined ? {} : { database }),
    application: 'cloudtuner',
    request_timeout: requestTimeoutMs,
    max_open_connections: maxConnections,
    // Lists of versions are longer than a URL may be.
    use_multipart_params_auto: true,
    // The driver writes to the console otherwise; its errors reach our log through the caller.
    log: { level: 127 },
    ...(tls === undefined
      ? {}
      : {
          http_agent: new Agent({ ...tls, keepAlive: true, maxSockets: maxConnections }),
          set_basic_auth_header: true,
        }),
  });
}

function driverParam(param: QueryParam): unknown {
  if (Array.isArray(param)) return param.map(driverParam);
  if (typeof param === 'object' && param !== null && 'tuple' in param)
    return new TupleParam(param.tuple.map(driverParam));
  return param;
}

const driverParams = (params: QueryParams): Record<string, unknown> =>
  Object.fromEntries(Object.entries(params).map(([name, param]) => [name, driverParam(param)]));

function parseRows<Row>(schema: z.ZodType<Row>, rows: readonly unknown[]): Row[] {
  return rows.map((row) => {
    const parsed = schema.safeParse(row);
    if (parsed.success) return parsed.data;
    throw new AppError('clickhouse-unexpected-row', 'A row has another form than expected.', { cause: parsed.error });
  });
}

/**
 * A client of one database. Nothing is opened before the first statement, so it can be made while the server is away.
 *
 * @throws RangeError when the database's name is not a plain identifier
 */
export function connectClickhouse(options: ClickhouseOptions): ClickhouseClient {
  if (!databaseName.test(options.database)) throw new RangeError('the name of a database is letters, digits and _');
  return clientOf(options, options.database);
}

function clientOf(options: ClickhouseOptions, database: string | undefined): ClickhouseClient {
  const requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
  const driver = createDriver(options, database, requestTimeoutMs);
  let server: ClickhouseClient | undefined;

  /** The driver's own time-out counts silence; a server that sends a byte now and then would outlive it. */
  const deadline = (signal: AbortSignal | undefined, timeoutMs = requestTimeoutMs): AbortSignal =>
    AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]);

  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw toClickhouseError(error);
    }
  };

  return {
    database: options.database,
    query: (request) =>
      run(async () => {
        const ask = async (): Promise<readonly unknown[]> => {
          const result = await driver.query({
            query: request.sql,
            format: 'JSONEachRow',
            query_params: driverParams(request.params ?? {}),
            clickhouse_settings: querySettings(request.tag, request.tenant, request.limits),
            abort_signal: deadline(request.signal),
          });
          return await result.json();
        };
        const rows = await ask().catch((error: unknown) => {
          if (isStaleConnection(error) && request.signal?.aborted !== true) return ask();
          throw error;
        });
        return parseRows(request.schema, rows);
      }),
    insert: (request) =>
      run(async () => {
        await driver.insert({
          table: request.table,
          values: request.rows,
          format: 'JSONEachRow',
          clickhouse_settings: insertSettings(request.tag, request.tenant, request.token),
          abort_signal: deadline(request.signal),
        });
      }),
    command: (request) =>
      run(async () => {
        await driver.command({
          query: request.sql,
          query_params: driverParams(request.params ?? {}),
          clickhouse_settings: commandSettings(request),
          abort_signal: deadline(request.signal),
        });
      }),
    server() {
      return (server ??= clientOf(options, undefined));
    },
    ping: (signal) =>
      run(async () => {
        const answer = await driver.ping({ select: true, abort_signal: deadline(signal, pingTimeoutMs) });
        if (!answer.success) throw answer.error;
      }),
    async close() {
      await server?.close();
      await driver.close();
    },
  };
}
