import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readServers } from '@cloudtuner/local-servers';

/** How a run ended: 0 = every check held; and what it said. */
export interface SchemathesisOutcome {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs schemathesis of PyPI over the document at a URL, with a configuration (TOML) and arguments of `run`. */
export async function runSchemathesis(options: {
  readonly config: string;
  readonly document: string;
  readonly args: readonly string[];
}): Promise<SchemathesisOutcome> {
  const { schemathesis } = readServers();
  if (schemathesis === undefined) throw new Error('schemathesis is not set up: run `npm run setup -- --for test`.');
  const folder = await mkdtemp(join(tmpdir(), 'schemathesis-'));
  try {
    const configFile = join(folder, 'schemathesis.toml');
    await writeFile(configFile, options.config);
    const args = ['-m', 'schemathesis.cli', '--config-file', configFile, 'run', options.document, '--no-color'];
    const child = spawn(schemathesis.path, [...args, ...options.args], {
      cwd: folder,
      env: { ...process.env, ...schemathesis.env },
    });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => output.push(part));
    const exitCode = await new Promise<number | null>((resolve, reject) =>
      child.on('error', reject).on('close', resolve),
    );
    return { exitCode, output: Buffer.concat(output).toString('utf8') };
  } finally {
    await rm(folder, { recursive: true });
  }
}
