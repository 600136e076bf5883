import { AppError } from '@cloudtuner/errors';
import type { z } from 'zod';

/** @throws `job-payload-invalid` with the fields that are wrong */
export function parsePayload<Payload>(schema: z.ZodType<Payload>, payload: unknown): Payload {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  throw new AppError('job-payload-invalid', 'The payload does not have the form of its queue.', {
    cause: parsed.error,
    details: parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })),
  });
}
