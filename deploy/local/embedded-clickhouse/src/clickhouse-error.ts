/** Exception codes of ClickHouse that this process raises itself, with their names. */
const errorCodes = {
  CANNOT_DECOMPRESS: 271,
  BAD_ARGUMENTS: 36,
  NOT_IMPLEMENTED: 48,
  SYNTAX_ERROR: 62,
  UNKNOWN_SETTING: 115,
  CANNOT_PARSE_INPUT_ASSERTION_FAILED: 27,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  NETWORK_ERROR: 210,
  QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: 216,
  ABORTED: 236,
  INTO_OUTFILE_NOT_ALLOWED: 358,
  UNKNOWN_QUERY_PARAMETER: 456,
  AUTHENTICATION_FAILED: 516,
  UNKNOWN_EXCEPTION: 1002,
} as const;

/** The name of an exception code that this process raises itself. */
type ErrorName = keyof typeof errorCodes;

/** An exception as ClickHouse would report it: numeric code and the text `Code: N. DB::Exception: … (NAME)`. */
export class ClickhouseError extends Error {
  override readonly name = 'ClickhouseError';

  constructor(
    readonly code: number,
    /** The whole report, without the server's version at its end. */
    readonly report: string,
    options?: ErrorOptions,
  ) {
    super(report, options);
  }
}

/**
 * An exception raised by this process rather than by the engine.
 *
 * @param name - which exception
 * @param message - what is wrong, one sentence without a trailing dot
 */
export function clickhouseError(name: ErrorName, message: string): ClickhouseError {
  const code = errorCodes[name];
  return new ClickhouseError(code, `Code: ${String(code)}. DB::Exception: ${message}. (${name})`);
}

const reportPattern = /^Code: (\d+)\. /;

/**
 * Reads the code out of an error of the engine; anything that is no exception of ClickHouse becomes UNKNOWN_EXCEPTION.
 *
 * @param error - what the engine's binding has thrown
 */
export function toClickhouseError(error: unknown): ClickhouseError {
  if (error instanceof ClickhouseError) return error;
  const report = error instanceof Error ? error.message : String(error);
  const code = reportPattern.exec(report)?.[1];
  if (code !== undefined) return new ClickhouseError(Number(code), report.trimEnd(), { cause: error });
  const unknown = clickhouseError('UNKNOWN_EXCEPTION', report.trimEnd().replace(/\.$/, ''));
  return new ClickhouseError(unknown.code, unknown.report, { cause: error });
}

// Source: ClickHouse, src/Server/HTTP/exceptionCodeToHTTPStatus.cpp.
const statusOfCodes: readonly (readonly [status: number, codes: readonly number[]])[] = [
  [401, [194]],
  [403, [192, 193, 497, 512, 516]],
  [400, [6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441, 675, 676]],
  [404, [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511]],
  [408, [159]],
  [413, [229]],
  [501, [48]],
  [503, [76, 209, 439]],
];

const statusByCode: ReadonlyMap<number, number> = new Map(
  statusOfCodes.flatMap(([status, codes]) => codes.map((code) => [code, status] as const)),
);

/**
 * The HTTP status a ClickHouse server answers for an exception code; 500 for all it does not list.
 *
 * @param code - exception code
 */
export function httpStatusOfCode(code: number): number {
  return statusByCode.get(code) ?? 500;
}
