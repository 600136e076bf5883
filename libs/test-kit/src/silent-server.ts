import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A server that takes connections and never says a word: what a hanging store looks like. */
export interface SilentServer {
  readonly port: number;
  /** How many connections it has taken so far. */
  connections(): number;
  close(): Promise<void>;
}

/** Starts one on 127.0.0.1. */
export async function startSilentServer({ port = 0 }: { port?: number } = {}): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  let taken = 0;
  const server = createServer((socket) => {
    taken += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => taken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}
