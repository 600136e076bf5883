import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with all that is in it. */
  remove(): void;
}

/** A new empty folder. */
export function temporaryFolder(prefix = 'test'): TemporaryFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `cloudtuner-${prefix}-`)));
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}
