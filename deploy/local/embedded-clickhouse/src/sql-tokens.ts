/** One lexical element of a statement. Offsets are in characters of the text that was given. */
export interface SqlToken {
  readonly kind: 'word' | 'string' | 'quoted' | 'symbol';
  readonly start: number;
  readonly end: number;
  /** The text; words are in upper case. */
  readonly text: string;
}

const blank = /[ \t\r\n\f\v]/;
const wordStart = /[A-Za-z_0-9\u0080-\uffff]/;
const word = /[A-Za-z_0-9$\u0080-\uffff]+/y;
const heredocTag = /\$[A-Za-z_0-9]*\$/y;

function matchAt(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

function endOf(sql: string, terminator: string, from: number): number {
  const at = sql.indexOf(terminator, from);
  return at < 0 ? sql.length : at + terminator.length;
}

/** Where a literal or identifier ends that began with the quote at `start`: a backslash escapes, a doubled quote is one. */
function endOfQuoted(sql: string, start: number): number {
  const quote = sql[start];
  for (let at = start + 1; at < sql.length; at += 1) {
    if (sql[at] === '\\') at += 1;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return sql.length;
}

/** The first character at or after `from` that is neither white space nor inside a comment. */
function skipBlanks(sql: string, from: number): number {
  let at = from;
  for (;;) {
    const char = sql[at];
    if (char === undefined) return at;
    if (blank.test(char)) at += 1;
    else if (sql.startsWith('--', at) || sql.startsWith('# ', at) || sql.startsWith('#!', at))
      at = endOf(sql, '\n', at);
    else if (sql.startsWith('/*', at)) at = endOf(sql, '*/', at + 2);
    else return at;
  }
}

function tokenAt(sql: string, start: number): SqlToken {
  const char = sql[start] ?? '';
  if (char === "'") {
    const end = endOfQuoted(sql, start);
    return { kind: 'string', start, end, text: sql.slice(start, end) };
  }
  if (char === '`' || char === '"') {
    const end = endOfQuoted(sql, start);
    return { kind: 'quoted', start, end, text: sql.slice(start, end) };
  }
  const tag = char === '$' ? matchAt(heredocTag, sql, start) : undefined;
  if (tag !== undefined) {
    const end = endOf(sql, tag, start + tag.length);
    return { kind: 'string', start, end, text: sql.slice(start, end) };
  }
  const text = wordStart.test(char) ? matchAt(word, sql, start) : undefined;
  if (text !== undefined) return { kind: 'word', start, end: start + text.length, text: text.toUpperCase() };
  return { kind: 'symbol', start, end: start + 1, text: char };
}

/**
 * Cuts a statement into tokens, without comments and white space. Lazy: data that follows an INSERT is not looked at
 * unless it is asked for.
 *
 * @param sql - text in ClickHouse's dialect
 */
export function* sqlTokens(sql: string): Generator<SqlToken, undefined> {
  for (let at = skipBlanks(sql, 0); at < sql.length;) {
    const token = tokenAt(sql, at);
    yield token;
    at = skipBlanks(sql, token.end);
  }
  return undefined;
}
