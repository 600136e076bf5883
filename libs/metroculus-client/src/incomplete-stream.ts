import { AppError } from '@cloudtuner/errors';

/** The error of an hour that is not whole. */
export function incompleteStream(reason: string, cause?: unknown): AppError {
  return new AppError('metroculus-incomplete-stream', `The stream of an hour is not complete: ${reason}.`, { cause });
}

/** @throws AppError `metroculus-incomplete-stream` when a line is not of the schema. */
export function parseStreamLine<T>(line: string, schema: { parse(input: unknown): T }): T {
  try {
    return schema.parse(JSON.parse(line));
  } catch (error) {
    throw incompleteStream('a line is not of the agreed form', error);
  }
}
