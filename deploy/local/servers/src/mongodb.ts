import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { externalServer, type LocalServer, type StartOptions } from './local-server';
import { startManaged } from './managed-server';
import { readServers, requireServer, type Servers } from './servers-file';
import { exchange } from './tcp-exchange';

const opMsg = 2013;

/** Starts a server of the MongoDB protocol: mongod where the setup found one, else FerretDB over SQLite. */
export async function startMongo(options: StartOptions & { servers?: Servers } = {}): Promise<LocalServer> {
  const program = requireServer(options.servers ?? readServers(), 'mongodb');
  if (program.kind === 'url') return externalServer('mongodb', program.url);
  const isFerret = program.engine === 'ferretdb';
  return startManaged({
    name: 'mongodb',
    program,
    ports: { mongodb: options.port ?? 0 },
    mainPort: 'mongodb',
    imageCommand: ['mongod'],
    args: ({ ports, dataDir, listenHost }) => {
      const filesDir = join(dataDir, 'files');
      mkdirSync(filesDir, { recursive: true });
      if (isFerret) return ['-listen', `${listenHost}:${ports.mongodb}`, '-dir', filesDir];
      return ['--dbpath', filesDir, '--bind_ip', listenHost, '--port', String(ports.mongodb), '--quiet'];
    },
    url: ({ mongodb }) => `mongodb://127.0.0.1:${mongodb}`,
    isReady: async ({ ports }) => (await exchange(ports.mongodb, pingMessage())).readInt32LE(12) === opMsg,
    options,
  });
}

/**
 * An OP_MSG with `{ ping: 1, $db: "admin" }`.
 *
 * Source: MongoDB wire protocol (message header, OP_MSG section of kind 0) and the BSON specification.
 */
export function pingMessage(): Buffer {
  const elements = Buffer.concat([
    Buffer.from('\x10ping\0\x01\0\0\0', 'latin1'),
    Buffer.from('\x02$db\0\x06\0\0\0admin\0\0', 'latin1'),
  ]);
  const document = Buffer.concat([int32(elements.length + 4), elements]);
  const body = Buffer.concat([int32(0), Buffer.from([0]), document]);
  return Buffer.concat([int32(body.length + 16), int32(1), int32(0), int32(opMsg), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
