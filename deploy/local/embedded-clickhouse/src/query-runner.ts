import { createReadStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChdbResult } from 'chdb';
import { clickhouseError, ClickhouseError, toClickhouseError } from './clickhouse-error';
import type { Engine } from './engine';
import type { QueryRequest } from './query-request';
import type { QueryResponse, QuerySummary } from './query-response';
import type { QuerySlots } from './query-slots';
import type { SpooledRows } from './request-body';
import type { ResultPipes } from './result-pipe';
import { sqlString } from './sql-literal';
import {
  placeholdersOf,
  type InsertDataStatement,
  type OtherStatement,
  type SelectStatement,
  type Statement,
} from './statement';

/** What the runner works with. */
export interface QueryRunnerParts {
  readonly engine: Engine;
  readonly slots: QuerySlots;
  readonly pipes: ResultPipes;
  /** A file for a result that is held back. */
  readonly resultPath: () => string;
}

/** A statement, whose texts are Latin-1, and the rows that came with it. */
export interface Command {
  readonly statement: Statement;
  readonly rows: SpooledRows | undefined;
}

/** One query on its way through the engine. */
interface Execution {
  readonly query: QueryRequest;
  readonly answer: QueryResponse;
  readonly runId: number;
}

const KILL_RETRY_MS = 200;

function toUtf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

/** The clauses by which the engine writes a result to a file or reads rows from one. */
function fileClause(direction: 'INTO OUTFILE' | 'FROM INFILE', path: string): string {
  return `${direction} ${sqlString(path)}${direction === 'INTO OUTFILE' ? ' TRUNCATE' : ''} COMPRESSION 'none'`;
}

function selectSql(statement: SelectStatement, path: string, defaultFormat: string): string {
  const format = statement.format ?? defaultFormat;
  return `${toUtf8(statement.head)}\n${fileClause('INTO OUTFILE', path)}\nFORMAT ${format}${toUtf8(statement.tail)}`;
}

function insertSql(statement: InsertDataStatement, path: string): string {
  const settings = toUtf8(statement.settings);
  return `${toUtf8(statement.head)}\n${fileClause('FROM INFILE', path)}\n${settings}\nFORMAT ${statement.format}`;
}

/** An error of the engine may quote the statement as it was run: without the file that was added to it. */
function withoutPath(error: unknown, path: string): ClickhouseError {
  const { code, report } = toClickhouseError(error);
  const clean = report
    .replaceAll(`\n${fileClause('INTO OUTFILE', path)}`, '')
    .replaceAll(fileClause('INTO OUTFILE', path), '')
    .replaceAll(`: (in file/uri ${path})`, '')
    .replaceAll(path, 'the request body');
  return new ClickhouseError(code, clean, { cause: error });
}

function summaryOf(result: ChdbResult, kind: Statement['kind']): QuerySummary {
  const wrote = kind === 'insert-data';
  return {
    readRows: result.rowsRead,
    readBytes: result.bytesRead,
    writtenRows: wrote ? result.rowsRead : 0,
    writtenBytes: wrote ? result.bytesRead : 0,
    resultRows: result.rowsRead,
    resultBytes: result.bytesRead,
    elapsedSeconds: result.elapsed,
  };
}

/** Runs queries in the engine, a bounded number at a time, and hands their results on. */
export class QueryRunner {
  readonly #parts: QueryRunnerParts;
  readonly #running = new Map<number, string>();
  #lastRunId = 0;

  constructor(parts: QueryRunnerParts) {
    this.#parts = parts;
  }

  /** Asks every query in the engine to stop. */
  async killAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((runId) => this.#kill(runId)));
  }

  /**
   * Runs a query and writes its answer.
   *
   * @throws {@link ClickhouseError} what is to be answered
   */
  async run(query: QueryRequest, command: Command, answer: QueryResponse): Promise<void> {
    const { statement } = command;
    for (const name of placeholdersOf(statement.kind === 'other' ? statement.sql : statement.head)) {
      if (query.context.parameters.has(name)) continue;
      throw clickhouseError('UNKNOWN_QUERY_PARAMETER', `Substitution \`${name}\` is not set`);
    }
    const release = await this.#parts.slots.acquire();
    try {
      if (answer.aborted) return;
      const execution = { query, answer, runId: this.#begin(query.queryId) };
      void this.#killWhenAborted(execution);
      if (statement.kind === 'other') await this.#runOther(execution, statement);
      else if (statement.kind === 'insert-data') await this.#runInsert(execution, statement, command.rows);
      else if (query.waitEndOfQuery) await this.#selectThenSend(execution, statement);
      else await this.#streamSelect(execution, statement);
    } finally {
      release();
    }
  }

  #begin(queryId: string): number {
    if ([...this.#running.values()].includes(queryId)) {
      const message = `Query with id = ${queryId} is already running`;
      throw clickhouseError('QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING', message);
    }
    this.#lastRunId += 1;
    this.#running.set(this.#lastRunId, queryId);
    return this.#lastRunId;
  }

  async #runInEngine({ query, runId }: Execution, sql: string, leavesNoTrace: boolean): Promise<ChdbResult> {
    const { context, defaultFormat } = query;
    try {
      return await this.#parts.engine.run({ sql, format: defaultFormat, context, runId, leavesNoTrace });
    } finally {
      this.#running.delete(runId);
    }
  }

  /** A receiver that has gone wants nothing computed any more. */
  async #killWhenAborted({ answer, runId }: Execution): Promise<void> {
    await answer.closed;
    while (this.#running.has(runId)) {
      await this.#kill(runId);
      await delay(KILL_RETRY_MS);
    }
  }

  async #kill(runId: number): Promise<void> {
    // Nothing to be done about it but to wait for the query's own end.
    await this.#parts.engine.kill(runId).catch(() => undefined);
  }

  async #runOther(execution: Execution, statement: OtherStatement): Promise<void> {
    const result = await this.#runInEngine(execution, toUtf8(statement.sql), false);
    const bytes = result.bytes();
    await execution.answer.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    await execution.answer.end(summaryOf(result, 'other'));
  }

  async #runInsert(execution: Execution, statement: InsertDataStatement, rows: SpooledRows | undefined): Promise<void> {
    const path = rows?.path ?? '';
    try {
      const result = await this.#runInEngine(execution, insertSql(statement, path), true);
      await execution.answer.end(summaryOf(result, 'insert-data'));
    } catch (error) {
      throw withoutPath(error, path);
    }
  }

  async #streamSelect(execution: Execution, statement: SelectStatement): Promise<void> {
    const { answer, query } = execution;
    const pipe = await this.#parts.pipes.open();
    const sql = selectSql(statement, pipe.path, query.defaultFormat);
    const outcome = this.#runInEngine(execution, sql, true).finally(() => pipe.finish());
    outcome.catch(() => undefined);
    // Read to the end even when nobody wants it any more: a query that writes into a pipe without a reader hangs.
    for await (const chunk of pipe.output) if (!answer.aborted) await answer.write(chunk as Buffer);
    try {
      await answer.end(summaryOf(await outcome, 'select'));
    } catch (error) {
      throw withoutPath(error, pipe.path);
    }
  }

  async #selectThenSend(execution: Execution, statement: SelectStatement): Promise<void> {
    const path = this.#parts.resultPath();
    try {
      const result = await this.#runInEngine(
        execution,
        selectSql(statement, path, execution.query.defaultFormat),
        true,
      );
      // The engine makes no file for an empty result.
      for await (const chunk of createReadStream(path).on('error', () => undefined))
        await execution.answer.write(chunk as Buffer);
      await execution.answer.end(summaryOf(result, 'select'));
    } catch (error) {
      throw withoutPath(error, path);
    } finally {
      await unlink(path).catch(() => undefined);
    }
  }
}
