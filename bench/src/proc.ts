import { readFileSync } from 'node:fs';

// USER_HZ: what /proc counts CPU time in, on every Linux that Node runs on.
const ticksPerSecond = 100;

/** CPU time of a process with all its threads, so far; NaN when it is no process of this machine. Source: proc(5), fields 14 and 15 of `stat`. */
export function cpuSeconds(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN;
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // The second field is a name in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Memory of a process now (`VmRSS`) or at most so far (`VmHWM`). */
export function residentMebibytes(pid: number | undefined, name: 'VmRSS' | 'VmHWM'): number {
  if (pid === undefined) return Number.NaN;
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
}
