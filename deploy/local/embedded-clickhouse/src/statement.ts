import { clickhouseError } from './clickhouse-error';
import { sqlTokens, type SqlToken } from './sql-tokens';

/** An INSERT whose rows come after the statement, in some format. */
export interface InsertDataStatement {
  readonly kind: 'insert-data';
  /** Name of the format as written, or `Values`. */
  readonly format: string;
  /** `INSERT INTO … (columns)`, up to where `FROM INFILE` belongs. */
  readonly head: string;
  /** `SETTINGS …` of the statement, or empty. */
  readonly settings: string;
  /** Offset of the first byte of the rows. */
  readonly dataStart: number;
}

/** A query whose result can be written to a file while it runs. */
export interface SelectStatement {
  readonly kind: 'select';
  /** The query without its FORMAT clause and what follows it. */
  readonly head: string;
  /** The format that the query asks for. */
  readonly format: string | undefined;
  /** What follows the FORMAT clause (`SETTINGS …`), or empty. */
  readonly tail: string;
}

/** Any other statement: its result, if it has one, is small. */
export interface OtherStatement {
  readonly kind: 'other';
  readonly sql: string;
  readonly format: string | undefined;
}

/** What a request asks the engine to do. */
export type Statement = InsertDataStatement | SelectStatement | OtherStatement;

const selectWords = new Set(['SELECT', 'WITH', 'FROM', '(']);
const openers = new Set(['(', '[', '{']);
const closers = new Set([')', ']', '}']);
// Before these, the word FORMAT is a name and not a clause.
const beforeName = new Set([
  'SELECT',
  ',',
  '(',
  '.',
  'AS',
  'BY',
  'WHERE',
  'AND',
  'OR',
  'NOT',
  '=',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
]);

/** Tokens on demand, with a place that can be looked at ahead of reading. */
class TokenCursor {
  readonly #tokens: Generator<SqlToken, undefined>;
  readonly #seen: SqlToken[] = [];
  #at = 0;

  constructor(readonly sql: string) {
    this.#tokens = sqlTokens(sql);
  }

  peek(ahead = 0): SqlToken | undefined {
    while (this.#seen.length <= this.#at + ahead) {
      const next = this.#tokens.next();
      if (next.done === true) return undefined;
      this.#seen.push(next.value);
    }
    return this.#seen[this.#at + ahead];
  }

  next(): SqlToken | undefined {
    const token = this.peek();
    if (token !== undefined) this.#at += 1;
    return token;
  }

  takeWord(...words: string[]): SqlToken | undefined {
    const token = this.peek();
    return token?.kind === 'word' && words.includes(token.text) ? this.next() : undefined;
  }

  /** Skips a group in parentheses, brackets or braces that begins here. */
  skipGroup(): void {
    let depth = 0;
    do {
      const token = this.next();
      if (token === undefined) return;
      if (token.kind !== 'symbol') continue;
      if (openers.has(token.text)) depth += 1;
      else if (closers.has(token.text)) depth -= 1;
    } while (depth > 0);
  }
}

/** Skips `[db.]table`, `{name:Identifier}` or `FUNCTION f(…)`. */
function skipInsertTarget(cursor: TokenCursor): void {
  const isFunction = cursor.takeWord('FUNCTION') !== undefined;
  for (;;) {
    if (cursor.peek()?.text === '{') cursor.skipGroup();
    else cursor.next();
    if (cursor.peek()?.text !== '.') break;
    cursor.next();
  }
  if (isFunction && cursor.peek()?.text === '(') cursor.skipGroup();
}

/** Rows begin after the format's name: at once for `Values`, otherwise after the line's end. */
function dataStartAfter(sql: string, end: number, format: string): number {
  if (format.toUpperCase() === 'VALUES') return end;
  const gap = /[ \t\v\f]*\r?\n?/y;
  gap.lastIndex = end;
  return end + (gap.exec(sql)?.[0].length ?? 0);
}

function analyseInsert(sql: string): InsertDataStatement | undefined {
  const cursor = new TokenCursor(sql);
  cursor.next();
  if (cursor.takeWord('INTO') === undefined) return undefined;
  cursor.takeWord('TABLE');
  skipInsertTarget(cursor);
  if (cursor.peek()?.text === '(') {
    if (selectWords.has(cursor.peek(1)?.text ?? '')) return undefined;
    cursor.skipGroup();
  }
  const headEnd = cursor.peek()?.start ?? sql.length;
  const settings = cursor.takeWord('SETTINGS');
  for (;;) {
    const token = cursor.next();
    if (token === undefined) return undefined;
    const isFormat = token.kind === 'word' && token.text === 'FORMAT';
    if (isFormat || (token.kind === 'word' && token.text === 'VALUES')) {
      const name = isFormat ? cursor.next() : token;
      if (name === undefined) return undefined;
      const format = isFormat ? sql.slice(name.start, name.end) : 'Values';
      return {
        kind: 'insert-data',
        format,
        head: sql.slice(0, headEnd),
        settings: settings === undefined ? '' : sql.slice(settings.start, token.start),
        dataStart: dataStartAfter(sql, name.end, format),
      };
    }
    if (token.kind === 'word' && token.text === 'FROM' && cursor.peek()?.text === 'INFILE') {
      throw clickhouseError(
        'INTO_OUTFILE_NOT_ALLOWED',
        'FROM INFILE reads files of the client: send the rows in the request body',
      );
    }
    if (settings === undefined) return undefined;
    if (token.kind === 'word' && selectWords.has(token.text)) return undefined;
  }
}

/** The engine would wait for the rows of `input()` on this process's standard input. */
function refuseInputFunction(sql: string): void {
  let previous: SqlToken | undefined;
  for (const token of sqlTokens(sql)) {
    if (token.text === '(' && previous?.kind === 'word' && previous.text === 'INPUT') {
      throw clickhouseError('NOT_IMPLEMENTED', 'The embedded ClickHouse does not support the function input()');
    }
    previous = token;
  }
}

/** The tokens outside of all parentheses, up to the end of the first statement. */
function topLevelTokens(sql: string): { tokens: SqlToken[]; end: number } {
  const tokens: SqlToken[] = [];
  let depth = 0;
  let end: number | undefined;
  for (const token of sqlTokens(sql)) {
    if (end !== undefined && token.text !== ';') {
      throw clickhouseError(
        'SYNTAX_ERROR',
        `Syntax error (Multi-statements are not allowed): failed at position ${String(end + 1)}`,
      );
    }
    if (token.kind === 'symbol') {
      if (openers.has(token.text)) depth += 1;
      if (token.text === ';' && depth === 0) end ??= token.start;
    }
    if (end === undefined && depth === 0) tokens.push(token);
    if (token.kind === 'symbol' && closers.has(token.text)) {
      depth -= 1;
      if (depth === 0 && end === undefined) tokens.push(token);
    }
  }
  return { tokens, end: end ?? sql.length };
}

/** The place of `FORMAT name` at the end of a query, in the list of its top-level tokens. */
function findFormatClause(tokens: readonly SqlToken[]): number | undefined {
  for (let at = tokens.length - 2; at > 0; at -= 1) {
    const token = tokens[at];
    const name = tokens[at + 1];
    const after = tokens[at + 2];
    if (token?.kind !== 'word' || token.text !== 'FORMAT' || name?.kind !== 'word') continue;
    if (beforeName.has(tokens[at - 1]?.text ?? '')) continue;
    if (after === undefined || after.text === 'SETTINGS') return at;
  }
  return undefined;
}

/**
 * Finds out what a statement is and where its parts are.
 *
 * @param sql - one statement; the rows of an INSERT may follow. Offsets in the answer are characters of this text, so a
 * text decoded as Latin-1 gives offsets in bytes.
 * @throws {@link ClickhouseError} SYNTAX_ERROR for several statements or none, INTO_OUTFILE_NOT_ALLOWED, NOT_IMPLEMENTED
 */
export function analyseStatement(sql: string): Statement {
  const first = new TokenCursor(sql).peek();
  if (first === undefined) throw clickhouseError('SYNTAX_ERROR', 'Syntax error: Empty query');
  if (first.text === 'INSERT') {
    const insert = analyseInsert(sql);
    if (insert !== undefined) return insert;
    refuseInputFunction(sql);
  }
  const { tokens, end } = topLevelTokens(sql);
  const clause = findFormatClause(tokens);
  const keyword = tokens[clause ?? tokens.length];
  const name = clause === undefined ? undefined : tokens[clause + 1];
  const format = name === undefined ? undefined : sql.slice(name.start, name.end);
  if (tokens.some((token, at) => token.text === 'INTO' && tokens[at + 1]?.text === 'OUTFILE')) {
    throw clickhouseError('INTO_OUTFILE_NOT_ALLOWED', 'INTO OUTFILE is not allowed');
  }
  const isSelect =
    selectWords.has(first.text) && !tokens.some((token) => token.kind === 'word' && token.text === 'INSERT');
  if (!isSelect) return { kind: 'other', sql: sql.slice(0, end), format };
  return {
    kind: 'select',
    head: sql.slice(0, keyword?.start ?? end),
    format,
    tail: name === undefined ? '' : sql.slice(name.end, end),
  };
}

/**
 * The names of the `{name:Type}` placeholders outside of strings and comments.
 *
 * @param sql - one statement
 */
export function placeholdersOf(sql: string): Set<string> {
  const names = new Set<string>();
  const window: SqlToken[] = [];
  for (const token of sqlTokens(sql)) {
    window.push(token);
    if (window.length > 3) window.shift();
    const [open, name, colon] = window;
    if (open?.text === '{' && name?.kind === 'word' && colon?.text === ':') names.add(sql.slice(name.start, name.end));
  }
  return names;
}
