import { isAppError } from '@cloudtuner/errors';
import { Tokenizer, TokenParser, TokenType } from '@streamparser/json';
import type { z } from 'zod';
import { unexpected, unexpectedBySchema, unreachable } from './answer-error';

/** Takes the bytes of an answer and gives its rows one by one. */
export interface RowParser {
  /** @throws AppError `kubecost-answer-unexpected` at the first thing that is not as it should be */
  write(chunk: Uint8Array): void;
  /** The end of the answer. @throws AppError `kubecost-unavailable` when it is not complete */
  end(): void;
  /** Rows given so far. */
  readonly rows: number;
}

/** Where a row was. */
export interface RowPlace {
  /** Its name in the set. */
  readonly key: string;
  /** Which of the sets, from 0. */
  readonly set: number;
}

/** What the rows of an answer are, and where they go. */
export interface RowForm<Row> {
  readonly schema: z.ZodType<Row>;
  readonly onRow: (row: Row, place: RowPlace) => void;
  /** `data` may be one set instead of a list of them. */
  readonly mayBeOneSet?: boolean;
}

type Token = Parameters<TokenParser['write']>[0];
type DataForm = 'list' | 'set';

// A row has at most some tens of kilobytes: text is gathered in pieces of this size.
const stringBufferBytes = 16 * 1024;
/** What may come before `data`: a code, a status, a message. */
const maxEarlyTokens = 1_000;
const pathsOf: Readonly<Record<DataForm, string[]>> = {
  list: ['$.code', '$.data.*.*'],
  set: ['$.code', '$.data.*'],
};

/**
 * Sees what `data` is before any of its rows is built: a text in its place would else look like a list without rows, and an hour without
 * rows like an hour without cost.
 */
function createDataWatch(mayBeOneSet: boolean): { see(token: Token): void; readonly form: DataForm | null } {
  let depth = 0;
  let isNext = false;
  let expectsColon = false;
  let form: DataForm | null = null;
  return {
    see({ token, value }) {
      if (isNext) {
        isNext = false;
        if (token === TokenType.LEFT_BRACKET || token === TokenType.NULL) form = 'list';
        else if (mayBeOneSet && token === TokenType.LEFT_BRACE) form = 'set';
        else throw unexpected('data', 'expected a list or null');
      }
      if (expectsColon) isNext = token === TokenType.COLON;
      expectsColon = depth === 1 && token === TokenType.STRING && value === 'data';
      if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) depth += 1;
      if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) depth -= 1;
    },
    get form() {
      return form;
    },
  };
}

// Without this the library keeps errors to itself.
const rethrow = (error: Error): never => {
  throw error;
};

/** Parses an answer without ever holding more of it than a row: an hour of a large cluster has hundreds of megabytes. */
export function createRowParser<Row>({ schema, onRow, mayBeOneSet = false }: RowForm<Row>): RowParser {
  const tokenizer = new Tokenizer({ stringBufferSize: stringBufferBytes });
  const watch = createDataWatch(mayBeOneSet);
  const early: Token[] = [];
  let parser: TokenParser | undefined;
  let rows = 0;

  const takeRow = (place: RowPlace, where: string, value: unknown): void => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw unexpectedBySchema(where, parsed.error);
    rows += 1;
    onRow(parsed.data, place);
  };
  const begin = (form: DataForm): TokenParser => {
    const begun = new TokenParser({ paths: pathsOf[form], keepStack: false });
    begun.onValue = ({ value, key: name, stack }) => {
      if (stack.length === 1) {
        if (value !== 200) throw unexpected('code', `expected 200, it is ${JSON.stringify(value)}`);
        return;
      }
      const key = String(name);
      if (form === 'set') takeRow({ key, set: 0 }, `data.${key}`, value);
      else takeRow({ key, set: Number(stack[2]?.key) }, `data[${String(stack[2]?.key)}].${key}`, value);
    };
    begun.onError = rethrow;
    for (const token of early.splice(0)) begun.write(token);
    parser = begun;
    return begun;
  };
  tokenizer.onError = rethrow;
  tokenizer.onToken = (token) => {
    watch.see(token);
    if (parser !== undefined) {
      parser.write(token);
      return;
    }
    // Where rows are to be looked for is known when `data` begins.
    early.push(token);
    if (watch.form !== null) begin(watch.form);
    else if (early.length > maxEarlyTokens) throw unexpected('data', 'it is missing');
  };

  return {
    write(chunk) {
      try {
        tokenizer.write(chunk);
      } catch (error) {
        throw isAppError(error) ? error : unexpected('the text', 'it is not JSON', error);
      }
    },
    end() {
      const { isEnded } = parser ?? begin('list');
      if (!isEnded) throw unreachable(new Error('the answer ended before it was complete'));
      if (watch.form === null) throw unexpected('data', 'it is missing');
    },
    get rows() {
      return rows;
    },
  };
}
