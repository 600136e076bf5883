import { cpuSeconds, residentMebibytes } from '../proc';

const sampleMs = 100;

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
      this.resident.set(name, Math.max(this.resident.get(name) ?? 0, residentMebibytes(pid, 'VmRSS')));
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
