import { createConnection } from 'node:net';
import { once } from 'node:events';
import { startSilentServer } from './silent-server';

describe('a silent server', () => {
  it('takes a connection, says nothing, and cuts it when it is closed', async () => {
    const server = await startSilentServer();
    const socket = createConnection(server.port, '127.0.0.1');
    await once(socket, 'connect');
    const answers: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => answers.push(chunk));
    socket.on('error', () => undefined);
    socket.write('PING\r\n');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await server.close();
    await closed;
    expect(answers).toEqual([]);
    expect(server.connections()).toBe(1);
  });
});
