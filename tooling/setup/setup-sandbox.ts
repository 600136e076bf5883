import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A made-up machine for the setup's modules: a checkout, a PATH with just the programs that a test puts there. */
export interface SetupSandbox {
  readonly root: string;
  readonly bin: string;
  /** Puts a shell script on PATH. It may append to `$CALLS`. */
  program(name: string, script: string): void;
  file(path: string, text: string): void;
  /** What programs wrote to `$CALLS`, line by line. */
  calls(): string[];
  /** Runs an expression over a module of the setup in a process of its own, and answers what it gives or its error. */
  evaluate(module: string, expression: string, env?: Record<string, string>): Promise<unknown>;
  remove(): void;
}

/** The setup is plain ESM that runs before any package is installed, so it is tested from outside, in its own process. */
export function createSetupSandbox(): SetupSandbox {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'cloudtuner-setup-')));
  const bin = join(root, 'bin');
  const callsFile = join(root, 'calls');
  mkdirSync(bin);
  return {
    root,
    bin,
    program(name, script) {
      writeFileSync(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    },
    file(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    calls: () => (existsSync(callsFile) ? readFileSync(callsFile, 'utf8').trim().split('\n') : []),
    async evaluate(module, expression, env = {}) {
      const url = pathToFileURL(join(__dirname, module)).href;
      const source = `
        const setup = await import(${JSON.stringify(url)});
        const lines = [];
        const context = { rootDir: ${JSON.stringify(root)}, localDir: ${JSON.stringify(join(root, '.local'))}, env: process.env, report: (line) => lines.push(line) };
        const answer = await (async () => ${expression})().catch((error) => ({ error: error.message, kind: error.name }));
        console.log(JSON.stringify(answer ?? null));`;
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', source], {
        env: { PATH: bin, CALLS: callsFile, ...env },
      });
      return JSON.parse(stdout) as unknown;
    },
    remove() {
      rmSync(root, { recursive: true });
    },
  };
}
