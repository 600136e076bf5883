import { AppError } from '@cloudtuner/errors';
import { z } from 'zod';

/** Each key is one more sum of every day. */
const maxAllocationLabelKeys = 10;

const labelKeys = z
  .array(
    z
      .string()
      .max(128)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a label name of Prometheus'),
  )
  .max(maxAllocationLabelKeys);

/** The keys, each once, sorted. @throws AppError `invalid-request` */
export function checkedLabelKeys(keys: readonly string[]): string[] {
  const parsed = labelKeys.safeParse(keys);
  if (parsed.success) return [...new Set(parsed.data)].toSorted();
  const details = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  throw new AppError('invalid-request', 'The label keys cannot be used.', { details });
}
