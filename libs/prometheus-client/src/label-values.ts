import { z } from 'zod';
import { malformedAnswer, throwIfPartial } from './answer';

const success = z.object({
  status: z.literal('success'),
  data: z.array(z.string()).nullable(),
  warnings: z.array(z.string()).nullish(),
});

/**
 * The values of an answer of the label API.
 *
 * @throws AppError `metrics-store-unavailable` as `decodeAnswer`.
 */
export function decodeLabelValues(body: unknown): readonly string[] {
  const parsed = success.safeParse(body);
  if (!parsed.success) throw malformedAnswer('see the cause', parsed.error);
  throwIfPartial(parsed.data.warnings ?? []);
  return parsed.data.data ?? [];
}
