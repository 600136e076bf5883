import { filterOperators, type FilterOperator } from './filter';
import { filterInvalid } from './filter-error';

/** A piece of a filter text. `offset` is where it starts, in UTF-16 units. */
export interface FilterToken {
  readonly kind: 'word' | 'key' | 'operator' | 'value' | ',' | '+' | '|' | '(' | ')' | 'end';
  /** Without its quotes or brackets. */
  readonly text: string;
  readonly offset: number;
  /** White space stands before it: where a `+` of a URL may have been. */
  readonly afterSpace: boolean;
}

const word = /^[A-Za-z0-9_-]+/;
const space = /^[ \t\r\n]+/;
const printableKey = /^[\x21-\x5c\x5e-\x7e]+$/;
// None of them is the beginning of another.
const operators = Object.keys(filterOperators) as FilterOperator[];

const punctuation = [',', '+', '|', '(', ')'] as const;

/** The text up to the closing character, which must be there. */
function enclosed(text: string, offset: number, close: '"' | ']'): string {
  const end = text.indexOf(close, offset + 1);
  const opened = close === '"' ? 'a quoted value' : 'a key in brackets';
  if (end === -1) throw filterInvalid(text, offset, `${opened} starts here and is never closed with ${close}`);
  return text.slice(offset + 1, end);
}

function keyToken(text: string, offset: number, afterSpace: boolean): FilterToken {
  const key = enclosed(text, offset, ']');
  if (!printableKey.test(key)) {
    throw filterInvalid(text, offset, 'expected a key of visible ASCII characters between the brackets');
  }
  return { kind: 'key', text: key, offset, afterSpace };
}

function unexpectedCharacter(text: string, offset: number): Error {
  const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  const problem =
    character > '\x7f'
      ? `${JSON.stringify(character)} is not ASCII; other characters may only stand between double quotes`
      : `unexpected ${JSON.stringify(character)}, expected a field, an operator such as : or !~:, a value in double quotes, +, |, ( or )`;
  return filterInvalid(text, offset, problem);
}

function tokenAt(text: string, offset: number, afterSpace: boolean): { token: FilterToken; length: number } {
  const rest = text.slice(offset);
  const token = (kind: FilterToken['kind'], content: string, length = content.length) => ({
    token: { kind, text: content, offset, afterSpace },
    length,
  });
  const mark = punctuation.find((one) => rest.startsWith(one));
  if (mark !== undefined) return token(mark, mark);
  if (rest.startsWith('"')) {
    const content = enclosed(text, offset, '"');
    return token('value', content, content.length + 2);
  }
  if (rest.startsWith('[')) {
    const key = keyToken(text, offset, afterSpace);
    return { token: key, length: key.text.length + 2 };
  }
  const operator = operators.find((one) => rest.startsWith(one));
  if (operator !== undefined) return token('operator', operator);
  const [name] = word.exec(rest) ?? [];
  if (name !== undefined) return token('word', name);
  throw unexpectedCharacter(text, offset);
}

/**
 * The tokens of a filter text, ended by one of kind `end`.
 *
 * @throws AppError `filter-invalid` for a character that cannot be there, or quotes or brackets that are not closed.
 */
export function tokensOf(text: string): FilterToken[] {
  const tokens: FilterToken[] = [];
  let offset = 0;
  for (;;) {
    const [blank = ''] = space.exec(text.slice(offset)) ?? [];
    offset += blank.length;
    const afterSpace = blank !== '';
    if (offset >= text.length) return [...tokens, { kind: 'end', text: '', offset, afterSpace }];
    const { token, length } = tokenAt(text, offset, afterSpace);
    tokens.push(token);
    offset += length;
  }
}
