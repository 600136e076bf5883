import { readFileSync } from 'node:fs';

// USER_HZ: what /proc counts CPU time in, on every Linux that Node runs on.
const ticksPerSecond = 100;
const sampleMs = 100;

/** CPU time of a process with all its threads, so far. Source: proc(5), fields 14 and 15 of `stat`. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // The second field is a name in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function residentMebibytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  return Number(kibibytes) / 1024;
}

export interface Usage {
  readonly cpuSeconds: number;
  readonly maxResidentMebibytes: number;
}

/** Watches processes from `start` to `end`. */
export class UsageWatch<Name extends string> {
  private readonly before = new Map<Name, number>();
  private readonly resident = new Map<Name, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly pids: ReadonlyMap<Name, number>) {}

  private look(): void {
    for (const [name, pid] of this.pids) {
      this.resident.set(name, Math.max(this.resident.get(name) ?? 0, residentMebibytes(pid)));
    }
  }

  start(): void {
    for (const [name, pid] of this.pids) this.before.set(name, cpuSeconds(pid));
    this.look();
    this.timer = setInterval(() => {
      this.look();
    }, sampleMs);
  }

  end(): Map<Name, Usage> {
    clearInterval(this.timer);
    this.look();
    return new Map(
      [...this.pids].map(([name, pid]) => [
        name,
        {
          cpuSeconds: cpuSeconds(pid) - (this.before.get(name) ?? 0),
          maxResidentMebibytes: this.resident.get(name) ?? 0,
        },
      ]),
    );
  }
}
