import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One migration: what it does and how it is undone, as templates. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly up: string;
  readonly down: string;
  /** SHA-256 of the `up` template. */
  readonly checksum: string;
}

/** `migrations/` of this package; it lies beside both `src` and `dist`. */
export const migrationsFolder = join(__dirname, '..', 'migrations');

const fileName = /^(\d{4})_([a-z0-9_]+)\.(up|down)\.sql$/;

/** All migrations of a folder in order. @throws Error when a number is missing or doubled, or a file has another name */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = new Map<number, string>();
  for (const file of (await readdir(folder)).sort()) {
    const [, number, name] = fileName.exec(file) ?? [];
    if (number === undefined || name === undefined)
      throw new Error(`${file} is not named NNNN_name.up.sql or NNNN_name.down.sql`);
    const version = Number(number);
    if ((names.get(version) ?? name) !== name) throw new Error(`two migrations have the number ${number}`);
    names.set(version, name);
  }
  const versions = [...names.keys()];
  if (versions.some((version, index) => version !== index + 1))
    throw new Error('the numbers of the migrations have a gap');
  return Promise.all(
    [...names].map(async ([version, name]) => {
      const path = join(folder, `${String(version).padStart(4, '0')}_${name}`);
      const [up, down] = await Promise.all([readFile(`${path}.up.sql`, 'utf8'), readFile(`${path}.down.sql`, 'utf8')]);
      return { version, name, up, down, checksum: createHash('sha256').update(up).digest('hex') };
    }),
  );
}
