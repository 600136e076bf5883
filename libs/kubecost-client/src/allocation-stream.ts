import { isAppError } from '@cloudtuner/errors';
import { Tokenizer, TokenParser, TokenType } from '@streamparser/json';
import { allocationSchema, type KubecostAllocation } from './allocation-schema';
import { unexpected, unexpectedBySchema, unreachable } from './answer-error';

/** Takes the bytes of an answer of `/allocation` and gives its rows one by one. */
export interface AllocationParser {
  /** @throws AppError `kubecost-answer-unexpected` at the first thing that is not as it should be */
  write(chunk: Uint8Array): void;
  /** The end of the answer. @throws AppError `kubecost-unavailable` when it is not complete */
  end(): void;
  /** Rows given so far. */
  readonly rows: number;
}

type Token = Parameters<TokenParser['write']>[0];

// A row has at most some tens of kilobytes: text is gathered in pieces of this size.
const stringBufferBytes = 16 * 1024;

/**
 * Sees that `data` is a list before any of its rows is built: a text or an object in its place would else look like a
 * list without rows, and an hour without rows like an hour without cost.
 */
function createDataWatch(): { see(token: Token): void; readonly wasSeen: boolean } {
  let depth = 0;
  let isNext = false;
  let expectsColon = false;
  let wasSeen = false;
  return {
    see({ token, value }) {
      if (isNext) {
        isNext = false;
        wasSeen = true;
        if (token !== TokenType.LEFT_BRACKET && token !== TokenType.NULL) {
          throw unexpected('data', 'expected a list or null');
        }
      }
      if (expectsColon) isNext = token === TokenType.COLON;
      expectsColon = depth === 1 && token === TokenType.STRING && value === 'data';
      if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) depth += 1;
      if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) depth -= 1;
    },
    get wasSeen() {
      return wasSeen;
    },
  };
}

/**
 * Parses an answer of `/allocation` without ever holding more of it than a row: an hour of a large cluster has hundreds
 * of megabytes.
 */
export function createAllocationParser(onRow: (row: KubecostAllocation) => void): AllocationParser {
  const tokenizer = new Tokenizer({ stringBufferSize: stringBufferBytes });
  const parser = new TokenParser({ paths: ['$.code', '$.data.*.*'], keepStack: false });
  const watch = createDataWatch();
  let rows = 0;

  const takeRow = (where: string, value: unknown): void => {
    const parsed = allocationSchema.safeParse(value);
    if (!parsed.success) throw unexpectedBySchema(where, parsed.error);
    rows += 1;
    onRow(parsed.data);
  };
  parser.onValue = ({ value, key, stack }) => {
    if (stack.length === 1) {
      if (value !== 200) throw unexpected('code', `expected 200, it is ${JSON.stringify(value)}`);
      return;
    }
    takeRow(`data[${String(stack[2]?.key)}].${String(key)}`, value);
  };
  // Without these the library keeps errors to itself.
  const rethrow = (error: Error): never => {
    throw error;
  };
  parser.onError = rethrow;
  tokenizer.onError = rethrow;
  tokenizer.onToken = (token) => {
    watch.see(token);
    parser.write(token);
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
      if (!parser.isEnded) throw unreachable(new Error('the answer ended before it was complete'));
      if (!watch.wasSeen) throw unexpected('data', 'it is missing');
    },
    get rows() {
      return rows;
    },
  };
}
