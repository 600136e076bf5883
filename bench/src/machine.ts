import { cpus, loadavg, totalmem } from 'node:os';

/** The machine that this runs on. */
export function machine(): string {
  const [first] = cpus();
  return `${String(cpus().length)} × ${first?.model.trim() ?? 'unknown'}, ${String(Math.round(totalmem() / 2 ** 30))} GiB`;
}

/** How many processes wanted its cores over the last minute. */
export const load = (): string => (loadavg()[0] ?? 0).toFixed(2);
