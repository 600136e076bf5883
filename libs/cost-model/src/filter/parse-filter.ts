import { echoed } from '../echo';
import { filterOperators, type Filter, type FilterComparison, type FilterNode, type FilterOperator } from './filter';
import { filterInvalid } from './filter-error';
import type { FilterFields } from './filter-fields';
import { tokensOf, type FilterToken } from './filter-tokens';

// Far above any filter that a person or a page writes; they bound what one request can cost.
const longestFilterCharacters = 10_000;
const deepestNesting = 50;

const isOperator = (text: string): text is FilterOperator => Object.hasOwn(filterOperators, text);

function shown(token: FilterToken): string {
  if (token.kind === 'end') return 'the end';
  return token.kind === 'value' ? `the value ${echoed(token.text)}` : echoed(token.text);
}

/** A recursive descent over the tokens; `next` is the only state. */
class FilterParser {
  readonly #text: string;
  readonly #fields: FilterFields;
  readonly #tokens: readonly FilterToken[];
  readonly #end: FilterToken;
  #next = 0;

  constructor(text: string, fields: FilterFields) {
    this.#text = text;
    this.#fields = fields;
    this.#tokens = tokensOf(text);
    this.#end = { kind: 'end', text: '', offset: text.length, afterSpace: false };
  }

  parse(): Filter {
    if (this.#peek().kind === 'end') return { kind: 'everything' };
    const node = this.#group(0);
    const token = this.#peek();
    if (token.kind === ')') throw this.#unexpected(token, 'a ( before it, or no ) here');
    if (token.kind !== 'end') throw this.#notJoined(token);
    return node;
  }

  #peek(): FilterToken {
    return this.#tokens[this.#next] ?? this.#end;
  }

  #take(): FilterToken {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #unexpected(token: FilterToken, expected: string): Error {
    return filterInvalid(this.#text, token.offset, `expected ${expected}, found ${shown(token)}`);
  }

  /** Two comparisons side by side: most often a `+` that a URL decoded to a space. */
  #notJoined(token: FilterToken): Error {
    const hint =
      token.afterSpace && (token.kind === 'word' || token.kind === '(')
        ? '. A raw + in a URL is read as a space: write it as %2B'
        : '';
    return this.#unexpected(token, `+, |, ) or the end${hint}`);
  }

  #group(depth: number): FilterNode {
    if (depth > deepestNesting) {
      throw filterInvalid(this.#text, this.#peek().offset, `more than ${deepestNesting} parentheses inside each other`);
    }
    const first = this.#operand(depth);
    const joint = this.#peek();
    if (joint.kind !== '+' && joint.kind !== '|') return first;
    const operands = [first];
    while (this.#peek().kind === joint.kind) {
      this.#take();
      operands.push(this.#operand(depth));
    }
    const other = this.#peek();
    if (other.kind === '+' || other.kind === '|') {
      throw this.#unexpected(other, `${joint.kind} as before, or parentheses: + and | do not mix at one level`);
    }
    return { kind: joint.kind === '+' ? 'and' : 'or', operands };
  }

  #operand(depth: number): FilterNode {
    if (this.#peek().kind !== '(') return this.#comparison();
    this.#take();
    const inside = this.#group(depth + 1);
    const close = this.#peek();
    if (close.kind === 'end') throw this.#unexpected(close, ') to close the parenthesis');
    if (close.kind !== ')') throw this.#notJoined(close);
    this.#take();
    return inside;
  }

  #comparison(): FilterComparison {
    const { field, form } = this.#field();
    const key = this.#key(field, form);
    const operator = this.#take();
    if (operator.kind !== 'operator' || !isOperator(operator.text)) {
      throw this.#unexpected(operator, `an operator (${Object.keys(filterOperators).join(' ')})`);
    }
    return { kind: 'comparison', field, form, key, operator: operator.text, values: this.#values() };
  }

  #field(): { field: string; form: FilterComparison['form'] } {
    const token = this.#take();
    const names = Object.keys(this.#fields).join(', ');
    if (token.kind !== 'word') throw this.#unexpected(token, `a field (${names})`);
    const form = Object.hasOwn(this.#fields, token.text) ? this.#fields[token.text] : undefined;
    if (form === undefined) throw this.#unexpected(token, `one of the fields ${names}`);
    return { field: token.text, form };
  }

  #key(field: string, form: FilterComparison['form']): string | null {
    const token = this.#peek();
    if (token.kind !== 'key') return null;
    if (form !== 'map') throw this.#unexpected(token, `no key in brackets after ${field}`);
    return this.#take().text;
  }

  #values(): string[] {
    const values = [this.#value()];
    while (this.#peek().kind === ',') {
      this.#take();
      values.push(this.#value());
    }
    return values;
  }

  #value(): string {
    const token = this.#take();
    if (token.kind !== 'value') throw this.#unexpected(token, 'a value in double quotes');
    return token.text;
  }
}

/**
 * Reads a filter such as `namespace:"web","api"+(label[team]:"a"|controllerKind!:"job")`.
 *
 * **Source**: OpenCost's filter language v2. Stricter than that: nothing after the first mistake is ignored.
 *
 * @throws AppError `filter-invalid`; its message and `details.position` (from 1) name the place and what was expected.
 */
export function parseFilter(text: string, fields: FilterFields): Filter {
  if (text.length > longestFilterCharacters) {
    throw filterInvalid(text, longestFilterCharacters, `longer than ${longestFilterCharacters} characters`);
  }
  return new FilterParser(text, fields).parse();
}
