import { spawn } from 'node:child_process';
import { clearTimeout, setTimeout } from 'node:timers';

/**
 * Runs a command to its end and returns `{ code, stdout, stderr }`; a command that is not there has code 127 and one
 * that ran out of time 124. Never throws: the caller decides what a failure means.
 */
export function runCommand(command, args, { cwd, env, timeoutMs, onLine } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    let timedOut = false;
    const timer = timeoutMs
      ? setTimeout(() => {
          timedOut = true;
          child.kill('SIGKILL');
        }, timeoutMs)
      : undefined;
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        output[stream] += text;
        if (onLine) for (const line of text.split('\n')) if (line.trim() !== '') onLine(line.trim());
      });
    }
    const end = (code) => {
      clearTimeout(timer);
      resolve({ code, ...output });
    };
    child.on('error', () => end(127));
    child.on('close', (code) => end(timedOut ? 124 : (code ?? 1)));
  });
}

/** The last lines of a command's output, for an error message. */
export function lastLines({ stdout, stderr }, count = 8) {
  const text = stderr.trim() === '' ? stdout : stderr;
  return text.trim().split('\n').slice(-count).join('\n');
}
