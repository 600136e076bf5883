import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import type { Logger } from '@cloudtuner/service-kit';
import { z } from 'zod';
import type { RememberedHour } from '../domain/closed-hours';

/** What a process leaves to its successor. */
export interface StateFile {
  /** What was left; nothing when there is no file, or none that can be read. */
  load(): RememberedHour[];
  /** Replaces it as a whole. What cannot be written is told once, and only makes a successor say more again. */
  save(hours: readonly RememberedHour[]): Promise<void>;
}

const state = z.object({
  version: z.literal(1),
  hours: z.array(z.object({ hourStartMs: z.int(), readAtMs: z.int(), fingerprint: z.string() })),
});

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** A small JSON file. */
export function createStateFile(path: string, logger: Logger): StateFile {
  let written = '';
  let isBroken = false;
  return {
    load() {
      try {
        return state.parse(JSON.parse(readFileSync(path, 'utf8'))).hours;
      } catch (error) {
        if (!isMissing(error)) logger.warn({ err: error, path }, 'what was left by the last process cannot be read');
        return [];
      }
    },
    async save(hours) {
      const text = JSON.stringify({ version: 1, hours });
      if (text === written) return;
      try {
        // Readers, and a process that is killed here, have the old file or the new one.
        await writeFile(`${path}.new`, text);
        await rename(`${path}.new`, path);
        written = text;
        isBroken = false;
      } catch (error) {
        if (!isBroken) logger.warn({ err: error, path }, 'what a successor should know cannot be written');
        isBroken = true;
      }
    },
  };
}
