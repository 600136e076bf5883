import { AppError } from '@cloudtuner/errors';

/** Positions count characters from 1, as an editor shows them. */
function positionOf(text: string, offset: number): number {
  return Array.from(text.slice(0, offset)).length + 1;
}

/** `problem` says what would have been right at this place. */
export function filterInvalid(text: string, offset: number, problem: string): AppError {
  const position = positionOf(text, offset);
  return new AppError('filter-invalid', `The filter is not valid at character ${position}: ${problem}.`, {
    details: { position },
  });
}
