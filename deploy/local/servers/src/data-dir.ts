import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a server keeps its files. */
export interface DataDir {
  readonly path: string;
  /** Removes it, when it is a temporary folder of ours. */
  remove(): void;
}

/** The given folder, created when absent, or a temporary one. */
export function prepareDataDir(name: string, given?: string): DataDir {
  if (given !== undefined) {
    mkdirSync(given, { recursive: true });
    return { path: realpathSync(given), remove: () => undefined };
  }
  const path = realpathSync(mkdtempSync(join(tmpdir(), `cloudtuner-${name}-`)));
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}
