import { resolve } from 'node:path';
import { drainPending, Session, type ChdbResult } from 'chdb';
import { toClickhouseError } from './clickhouse-error';
import { sqlIdentifier, sqlString } from './sql-literal';

/** Bounds of the engine and of each query. */
export interface EngineLimits {
  /** Memory that all queries, merges and caches together may take, in bytes. */
  readonly serverMemoryBytes: number;
  /** Memory that one query may take unless the request says otherwise, in bytes. */
  readonly queryMemoryBytes: number;
  /** Where backups may be written to and read from, an absolute path or one below the working folder; undefined: nowhere. */
  readonly backupsFolder?: string | undefined;
}

/** ClickHouse's `readonly`: 0 allows all, 1 forbids writes and settings, 2 forbids writes. */
export type ReadonlyLevel = 0 | 1 | 2;

/** State that a query runs in. */
export interface QueryContext {
  readonly database: string;
  readonly settings: ReadonlyMap<string, string>;
  /** Query parameters in ClickHouse's escaped form, as they come in a URL. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly readonly: ReadonlyLevel;
}

/** A statement that is to run. */
export interface QueryRun {
  readonly sql: string;
  /** Format of the result when the statement does not name one. */
  readonly format: string;
  readonly context: QueryContext;
  /** Marks the query for {@link Engine.kill}. */
  readonly runId: number;
  /** False for statements that may leave something behind in their connection (SET, USE, temporary tables). */
  readonly leavesNoTrace: boolean;
}

interface EngineConnection {
  readonly session: Session;
  readonly readonly: ReadonlyLevel;
  /** Names of the settings that earlier queries have set here. */
  changed: ReadonlySet<string>;
  /** The current database; undefined before the first query. */
  database: string | undefined;
}

// One insert of up to this many rows into one partition becomes one part, and so is there whole or not at all.
const INSERT_BLOCK_ROWS = 1_048_576;

// Marks a running query, so that it can be found and stopped. The binding takes no query ids; this setting is free to use
// because the embedded engine keeps no query log.
const RUN_ID_SETTING = 'log_queries_cut_to_length';
const RUN_ID_BASE = 1_000_000_000_000;

const MEBIBYTE = 1024 * 1024;

/** Settings of the server itself, read when the folder is opened. */
function serverArguments(limits: EngineLimits): string[] {
  return [
    `--max_server_memory_usage=${String(limits.serverMemoryBytes)}`,
    `--mark_cache_size=${String(32 * MEBIBYTE)}`,
    `--primary_index_cache_size=${String(32 * MEBIBYTE)}`,
    `--uncompressed_cache_size=0`,
    `--index_mark_cache_size=${String(8 * MEBIBYTE)}`,
    `--query_condition_cache_size=${String(8 * MEBIBYTE)}`,
    `--mmap_cache_size=0`,
    ...(limits.backupsFolder === undefined ? [] : [`--backups.allowed_path=${resolve(limits.backupsFolder)}`]),
  ];
}

/** Settings of every query, below those of the request. */
function defaultSettings(limits: EngineLimits): ReadonlyMap<string, string> {
  return new Map([
    ['max_memory_usage', String(limits.queryMemoryBytes)],
    ['min_insert_block_size_rows', String(INSERT_BLOCK_ROWS)],
    // The number of rows alone decides where a block ends: wide rows must not split an insert that is meant to be atomic.
    ['min_insert_block_size_bytes', '0'],
    ['max_insert_block_size', String(INSERT_BLOCK_ROWS)],
    // What `clickhouse local` allows and a server does not.
    ['implicit_select', '0'],
    ['allow_introspection_functions', '0'],
    ['storage_file_read_method', 'pread'],
  ]);
}

/**
 * The chdb library with one data folder: runs statements off the main thread, each in a connection whose database,
 * settings and parameters are those of its request only.
 */
export class Engine {
  readonly #path: string;
  readonly #defaults: ReadonlyMap<string, string>;
  // Keeps the engine loaded, and carries what has to get through beside running queries.
  readonly #control: Session;
  readonly #idle: EngineConnection[] = [];
  #closed = false;

  /**
   * Opens a data folder, and creates it when it is not there. Only one process at a time can have it open.
   *
   * @param path - data folder
   * @param limits - bounds of the engine
   */
  constructor(path: string, limits: EngineLimits) {
    this.#path = path;
    this.#defaults = defaultSettings(limits);
    this.#control = new Session(path, { connectionArgs: serverArguments(limits) });
  }

  /** The version that the engine reports, such as `26.7.2.1`. */
  async version(): Promise<string> {
    return (await this.#control.queryAsync('SELECT version()', { format: 'TabSeparatedRaw' })).text().trim();
  }

  /**
   * Runs one statement to its end.
   *
   * @returns its result, empty when the statement writes it to a file
   * @throws {@link ClickhouseError} what the engine reports
   */
  async run(query: QueryRun): Promise<ChdbResult> {
    const connection = this.#acquire(query.context);
    let reusable = false;
    try {
      await connection.session.queryAsync(this.#prepare(connection, query));
      const result = await connection.session.queryAsync(query.sql, { format: query.format });
      reusable = query.leavesNoTrace && query.context.readonly !== 1;
      return result;
    } catch (error) {
      throw toClickhouseError(error);
    } finally {
      // A connection on which something failed may be in the middle of an exchange.
      if (reusable && !this.#closed) this.#idle.push(connection);
      else connection.session.close();
    }
  }

  /**
   * Asks a running query to stop; without effect when there is none.
   *
   * @param runId - as given to {@link Engine.run}
   */
  async kill(runId: number): Promise<void> {
    const mark = sqlString(String(RUN_ID_BASE + runId));
    await this.#control.queryAsync(`KILL QUERY WHERE Settings[${sqlString(RUN_ID_SETTING)}] = ${mark} ASYNC`);
  }

  /** Closes the folder, after everything that still runs has ended. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await drainPending();
    for (const connection of this.#idle.splice(0)) connection.session.close();
    this.#control.close();
    await drainPending();
  }

  /** An idle connection, one that is in the query's database if there is one, or a new one. */
  #acquire({ readonly, database }: QueryContext): EngineConnection {
    const fits = (idle: EngineConnection): boolean => idle.readonly === readonly;
    const best = this.#idle.findLastIndex((idle) => fits(idle) && idle.database === database);
    const at = best < 0 ? this.#idle.findLastIndex(fits) : best;
    const [idle] = at < 0 ? [] : this.#idle.splice(at, 1);
    return idle ?? { session: new Session(this.#path), readonly, changed: new Set(), database: undefined };
  }

  /** The statements that put a connection into the state that the query asks for. */
  #prepare(connection: EngineConnection, query: QueryRun): string {
    const { context } = query;
    const settings = new Map([
      ...this.#defaults,
      ...context.settings,
      [RUN_ID_SETTING, String(RUN_ID_BASE + query.runId)],
    ]);
    const assignments = [...settings].map(([name, value]) => `${name} = ${sqlString(value)}`);
    for (const name of connection.changed) if (!settings.has(name)) assignments.push(`${name} = DEFAULT`);
    // Last, and once: from here on the connection takes no other value of it.
    if (context.readonly !== 0 && connection.changed.size === 0)
      assignments.push(`readonly = ${String(context.readonly)}`);
    connection.changed = new Set(settings.keys());
    const statements = [`SET ${assignments.join(', ')}`];
    for (const [name, value] of context.parameters) statements.push(`SET param_${name} = ${sqlString(value)}`);
    if (connection.database !== context.database) statements.push(`USE ${sqlIdentifier(context.database)}`);
    connection.database = context.database;
    return statements.join(';\n');
  }
}
