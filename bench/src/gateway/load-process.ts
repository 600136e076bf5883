import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import type { LoadOrder, LoadResult } from './load';

export const loadOrder = z.object({
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  seconds: z.number(),
  protocol: z.enum(['1', '2']),
  shapes: z.number(),
  advancing: z.boolean(),
  startMs: z.number(),
  requestsPerSecond: z.number().optional(),
}) as z.ZodType<LoadOrder>;

const loadResult: z.ZodType<LoadResult> = z.object({
  seconds: z.number(),
  requests: z.number(),
  samples: z.number(),
  failed: z.record(z.string(), z.number()),
  p50Ms: z.number().or(z.nan()),
  p99Ms: z.number().or(z.nan()),
  compressedBytes: z.number(),
  rawBytes: z.number(),
  nextMs: z.number(),
});

/** Runs one load in a process of its own; `onStart` is called when it is warm and about to begin. */
export async function runLoad(order: LoadOrder, onStart: () => void): Promise<LoadResult> {
  const child = fork(join(__dirname, '..', 'load-main.js'), [JSON.stringify(order)], { serialization: 'advanced' });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The load generator ended early (exit ${String(code)}).`);
  });
  const message = async (): Promise<unknown> => {
    const [received] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
    return received;
  };
  await message();
  onStart();
  child.send('go');
  const result = loadResult.parse(await message());
  // From here on its end is no failure.
  await ended.catch(() => undefined);
  return result;
}
