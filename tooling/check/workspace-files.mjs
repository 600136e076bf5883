import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the workspace that this file lies in. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const notOurs = new Set(['node_modules', 'dist', '.local', '.git', 'coverage', 'fixtures']);

/** Every file of ours below a folder, as paths relative to the root, sorted. */
export function filesBelow(folder) {
  const absolute = path.join(root, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { withFileTypes: true })
    .filter((entry) => !notOurs.has(entry.name))
    .flatMap((entry) => {
      const name = path.posix.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(name) : [name];
    })
    .sort();
}

/** The folders of all packages, as pnpm-workspace.yaml lists them. */
export function packageFolders() {
  return filesBelow('.')
    .filter((file) =>
      /^(libs\/[^/]+|services\/[^/]+|deploy\/local\/[^/]+|deploy\/e2e|bench)\/package\.json$/.test(file),
    )
    .map((file) => path.posix.dirname(file));
}

export const readText = (file) => readFileSync(path.join(root, file), 'utf8');
export const readJson = (file) => JSON.parse(readText(file));

/** Prints the problems of a gate and sets its exit code. */
export function finish(problems) {
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
