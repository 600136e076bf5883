import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

// Its input ends when the process that holds the other end does, however that one dies.
const script = 'read -r _; kill -TERM "$0" 2>/dev/null && sleep 5 && kill -KILL "$0" 2>/dev/null';

/**
 * Ends a process when this one is gone: a shell waits beside it for the end of its input, and so needs neither a signal
 * nor a handler of ours. Answers how to call the guard off.
 */
export function guardOrphan(pid: number): () => void {
  const guard = spawn('/bin/sh', ['-c', script, String(pid)], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  guard.on('error', () => undefined);
  guard.unref();
  // Neither the guard nor the pipe to it keeps this process alive.
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return () => {
    guard.kill('SIGKILL');
  };
}
