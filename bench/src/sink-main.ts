import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// A receiver that takes everything and keeps nothing: what is left is the cost of whoever stands before it.
const server = createServer((request, response) => {
  request.on('data', () => undefined);
  request.on('end', () => response.writeHead(204).end());
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});
process.once('disconnect', () => process.exit(0));
