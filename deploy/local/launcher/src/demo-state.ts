import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const stateSchema = z.object({
  cluster_secret: z.string(),
  organizations: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      email: z.string(),
      password: z.string(),
      cloud_accounts: z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          profile: z.enum(['shop', 'research']),
          write_username: z.string(),
          write_password: z.string(),
        }),
      ),
    }),
  ),
});

/** What a run of the demo has to remember for the next one: secrets and ids. */
export type DemoState = z.infer<typeof stateSchema>;
export type DemoOrganization = DemoState['organizations'][number];
export type DemoAccount = DemoOrganization['cloud_accounts'][number];

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Writes a file that only its owner may read, whole or not at all. */
export function writePrivateJson(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The state of an earlier run, or a new one with a secret of its own. */
export function loadState(path: string): DemoState {
  const text = readIfThere(path);
  if (text !== undefined) return stateSchema.parse(JSON.parse(text));
  const state: DemoState = { cluster_secret: randomBytes(32).toString('base64url'), organizations: [] };
  writePrivateJson(path, state);
  return state;
}
