import { createServer, type AddressInfo } from 'node:net';

/** A TCP port of 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port ?? 0;
}

/** Several such ports, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () => createServer());
  try {
    return await Promise.all(
      listeners.map(async (listener) => {
        await new Promise<void>((resolve, reject) => {
          listener.once('error', reject);
          listener.listen(0, '127.0.0.1', resolve);
        });
        return (listener.address() as AddressInfo).port;
      }),
    );
  } finally {
    await Promise.all(
      listeners.map(
        (listener) =>
          new Promise<void>((resolve) => {
            listener.close(() => {
              resolve();
            });
          }),
      ),
    );
  }
}

/** The given port when nobody listens on it. @throws Error that names the port and who wanted it. */
export async function claimPort(name: string, port: number): Promise<number> {
  const listener = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(port, '127.0.0.1', resolve);
    });
  } catch (error) {
    throw new Error(`Port ${port} for ${name} is busy.`, { cause: error });
  }
  await new Promise<void>((resolve) => {
    listener.close(() => {
      resolve();
    });
  });
  return port;
}
