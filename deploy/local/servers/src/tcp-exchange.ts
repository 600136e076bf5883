import { connect } from 'node:net';

const answerDeadlineMs = 1_000;

/** Sends bytes to a port of this machine and answers what comes back first. */
export function exchange(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: answerDeadlineMs });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.once('connect', () => socket.write(request));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer);
    });
    socket.once('error', fail);
    socket.once('timeout', () => {
      fail(new Error('no answer in time'));
    });
    socket.once('close', () => {
      fail(new Error('closed without an answer'));
    });
  });
}
