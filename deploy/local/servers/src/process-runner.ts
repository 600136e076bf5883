import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { guardOrphan } from './orphan-guard';

/** How a child ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Where its output goes, line by line; appended. */
  readonly logFile: string;
  /** Called for each line of its output. */
  readonly onLine?: (line: string) => void;
}

/** One run of a child process. */
export interface RunningProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  hasExited(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** The last lines of its output. */
  lastLines(count?: number): string[];
}

const keptLines = 200;

/**
 * Starts a child whose output goes to a file. It has a session of its own, so that Ctrl-C reaches this process alone,
 * which then stops its children in order; and it does not outlive this process, even when that is killed hard.
 *
 * @throws Error when the command cannot be run.
 */
export async function runProcess(options: RunOptions): Promise<RunningProcess> {
  const { name, command, args, env, cwd } = options;
  const child = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(options.logFile, { flags: 'a' });
  const lines = collectLines(child, log, options.onLine);
  const state = { ended: false, callOffGuard: (): void => undefined };
  const hasExited = (): boolean => state.ended;
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      state.ended = true;
      state.callOffGuard();
      log.end();
      resolve({ code, signal });
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('spawn', () => {
      resolve(child.pid ?? 0);
    });
    child.once('error', (error) => {
      reject(new Error(`${name} could not be started: ${error.message}`, { cause: error }));
    });
  });
  state.callOffGuard = guardOrphan(pid);
  if (hasExited()) state.callOffGuard();
  return {
    pid,
    exited,
    hasExited,
    signal: (signal) => {
      child.kill(signal);
    },
    lastLines: (count = 20) => lines.slice(-count),
  };
}

function collectLines(child: ChildProcess, log: WriteStream, onLine?: (line: string) => void): string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`);
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      onLine?.(line);
    });
  }
  return lines;
}
