import { createServer } from 'node:net';

/** A port that another process holds, with the flag that chooses another. */
class BusyPortError extends Error {}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });
}

/**
 * Checks the wanted ports before anything starts.
 *
 * @throws BusyPortError naming every flag whose port is taken.
 */
export async function requireFreePorts(portsByFlag: Readonly<Record<string, number>>): Promise<void> {
  const busy: string[] = [];
  for (const [flag, port] of Object.entries(portsByFlag)) {
    if (port !== 0 && !(await canListen(port)))
      busy.push(`Port ${String(port)} is in use: choose another with --${flag}=N, or 0 for a free one.`);
  }
  if (busy.length > 0) throw new BusyPortError(busy.join('\n'));
}
