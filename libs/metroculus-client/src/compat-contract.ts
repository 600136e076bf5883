import { z } from 'zod';
import { allocationRowSchema, type AllocationRow } from './contract';
import { readRowsStream } from './rows-stream';

/** Longest window of `kubecost_compat_allocations`, in hours: OpenCost itself adds longer ones up from days. */
export const maxCompatHours = 24;

/** Last line of `kubecost_compat_allocations`: a stream without it, or of which it is not true, is not complete. */
export const compatEndSchema = z.strictObject({
  end: z.literal(true),
  rows: z.int().nonnegative(),
  /** Hex SHA-256 of all row lines, newlines included. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type CompatEnd = z.infer<typeof compatEndSchema>;

/** The allocations of a window by OpenCost's arithmetic. */
export interface CompatAllocations {
  readonly rows: readonly AllocationRow[];
  readonly end: CompatEnd;
}

// As for allocations: labels and annotations can be long.
const maxLineBytes = 4 * 1024 * 1024;

/** Reads the NDJSON of a window. @throws AppError `metroculus-incomplete-stream` */
export const readCompatStream = (pieces: AsyncIterable<Uint8Array>): Promise<CompatAllocations> =>
  readRowsStream(pieces, { row: allocationRowSchema, end: compatEndSchema, maxLineBytes });

/** Path of allocations by OpenCost's arithmetic. */
export const compatPath = '/metroculus/v2/kubecost_compat_allocations';
