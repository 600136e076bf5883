import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * Whether SIGSTOP has reached every thread of a process. `kill` only queues the signal, and until a busy machine has run
 * the thread that takes it, the others go on answering. Without `/proc` (no Linux) it is taken on trust.
 */
export function hasStopped(pid: number): boolean {
  const tasks = `/proc/${String(pid)}/task`;
  if (!existsSync(tasks)) return true;
  return readdirSync(tasks).every((thread) => {
    const stat = readFileSync(`${tasks}/${thread}/stat`, 'utf8');
    // "<id> (<name>) <state> …"; the name may hold anything.
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'T';
  });
}
