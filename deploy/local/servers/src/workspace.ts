import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The root of the checkout: the nearest folder above that holds the workspace file. */
export function workspaceRoot(from: string = __dirname): string {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return folder;
  }
  throw new Error(`no workspace above ${from}`);
}
