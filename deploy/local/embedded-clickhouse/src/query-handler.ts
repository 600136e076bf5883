import type { IncomingMessage, ServerResponse } from 'node:http';
import { clickhouseError, toClickhouseError } from './clickhouse-error';
import { formBoundary, parseFormData } from './form-data';
import { authenticate, parseQueryRequest, type Credentials, type QueryRequest } from './query-request';
import { QueryResponse } from './query-response';
import type { Command, QueryRunner } from './query-runner';
import { RequestBody, type SpooledRows } from './request-body';
import { analyseStatement } from './statement';

/** What the handler works with. */
export interface QueryHandlerParts {
  readonly runner: QueryRunner;
  readonly credentials: Credentials;
  /** The engine's version. */
  readonly version: string;
  /** A file for rows on their way in. */
  readonly rowsPath: () => string;
}

// A statement must be known within its first bytes; the engine's own limit (max_query_size) is below this.
const STATEMENT_LIMIT_BYTES = 1024 * 1024;
const FORM_LIMIT_BYTES = 16 * 1024 * 1024;

/** Answers queries over HTTP. */
export class QueryHandler {
  readonly #parts: QueryHandlerParts;
  #active = 0;

  constructor(parts: QueryHandlerParts) {
    this.#parts = parts;
  }

  /** Requests that are being answered now, from the arrival of their head to the end of their answer. */
  get active(): number {
    return this.#active;
  }

  /** Answers one request; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    this.#active += 1;
    try {
      await this.#answer(request, response, url);
    } finally {
      this.#active -= 1;
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { version, credentials, runner } = this.#parts;
    let answer = new QueryResponse(response, { queryId: '', format: 'TabSeparated', gzip: false, version });
    let body: RequestBody | undefined;
    let rows: SpooledRows | undefined;
    try {
      const fields = new Map(url.searchParams);
      authenticate(request, fields, credentials);
      body = new RequestBody(request);
      const query = parseQueryRequest(request, await this.#withForm(request, body, fields));
      const command = await this.#readCommand(query, body);
      rows = command.rows;
      const { queryId, gzip } = query;
      const format = command.statement.kind === 'insert-data' ? undefined : command.statement.format;
      answer = new QueryResponse(response, { queryId, format: format ?? query.defaultFormat, gzip, version });
      await runner.run(query, command, answer);
    } catch (error) {
      await answer.fail(toClickhouseError(error));
    } finally {
      await rows?.remove();
      body?.discard();
      request.resume();
    }
  }

  async #withForm(
    request: IncomingMessage,
    body: RequestBody,
    fields: Map<string, string>,
  ): Promise<Map<string, string>> {
    const boundary = formBoundary(request.headers['content-type']);
    if (boundary === undefined) return fields;
    const { bytes, ended } = await body.read(FORM_LIMIT_BYTES);
    if (!ended) throw clickhouseError('BAD_ARGUMENTS', 'The multipart/form-data body is too long');
    return new Map([...fields, ...parseFormData(bytes, boundary)]);
  }

  /**
   * The statement, from the URL or the body or both; the rows of an INSERT go to a file. Texts are Latin-1 here, so that
   * their offsets are those of the bytes.
   */
  async #readCommand(query: QueryRequest, body: RequestBody): Promise<Command> {
    const { bytes, ended } = await body.read(STATEMENT_LIMIT_BYTES);
    const inUrl = Buffer.from(query.query, 'utf8').toString('latin1');
    const alone = inUrl.trim() === '' ? undefined : analyseStatement(inUrl);
    if (alone?.kind === 'insert-data') {
      const rest = inUrl.slice(alone.dataStart);
      const beginning = rest.trim() === '' ? bytes : Buffer.concat([Buffer.from(`${rest}\n`, 'latin1'), bytes]);
      return { statement: alone, rows: await body.spool(this.#parts.rowsPath(), beginning) };
    }
    const inBody = bytes.toString('latin1');
    const text = inUrl === '' || inBody === '' ? inUrl + inBody : `${inUrl}\n${inBody}`;
    const statement = analyseStatement(text);
    if (statement.kind === 'insert-data') {
      const beginning = Buffer.from(text.slice(statement.dataStart), 'latin1');
      return { statement, rows: await body.spool(this.#parts.rowsPath(), beginning) };
    }
    if (!ended) throw clickhouseError('SYNTAX_ERROR', 'Syntax error: Max query size exceeded');
    return { statement, rows: undefined };
  }
}
