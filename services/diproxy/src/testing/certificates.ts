import { writeFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type TlsOptions } from 'node:tls';
import { generate } from 'selfsigned';

/** A certificate with its key, as PEM texts and as the files that a configuration names. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate authority of a test's own. */
export interface Authority {
  readonly cert: string;
  readonly certFile: string;
  /** For the server at 127.0.0.1, or for a client. */
  issue(use: 'server' | 'client'): Promise<Certificate>;
}

const common = { keyType: 'ec', algorithm: 'sha256' } as const;

/** Makes one; its files go into the folder. */
export async function createAuthority(folder: string, name: string): Promise<Authority> {
  const save = (file: string, text: string): string => {
    const path = join(folder, `${name}-${file}`);
    writeFileSync(path, text);
    return path;
  };
  const own = await generate([{ name: 'commonName', value: `${name} CA` }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return {
    cert: own.cert,
    certFile: save('ca.pem', own.cert),
    async issue(use) {
      const { cert, private: key } = await generate([{ name: 'commonName', value: `${name} ${use}` }], {
        ...common,
        ca: { key: own.private, cert: own.cert },
        extensions: [
          { name: 'basicConstraints', cA: false },
          { name: 'keyUsage', digitalSignature: true },
          { name: 'extKeyUsage', serverAuth: use === 'server', clientAuth: use === 'client' },
          { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
        ],
      });
      return { cert, key, certFile: save(`${use}.pem`, cert), keyFile: save(`${use}-key.pem`, key) };
    },
  };
}

/** Ends TLS in front of a plain TCP server. */
export interface Terminator {
  readonly port: number;
  /** Handshakes that were completed. */
  readonly connections: number;
  stop(): Promise<void>;
}

export async function startTerminator(targetPort: number, tls: TlsOptions): Promise<Terminator> {
  let connections = 0;
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer(tls, (secure) => {
    connections += 1;
    const plain = connect(targetPort, '127.0.0.1');
    for (const socket of [secure, plain]) {
      sockets.add(socket);
      socket.on('close', () => {
        secure.destroy();
        plain.destroy();
      });
      socket.on('error', () => undefined);
    }
    secure.pipe(plain).pipe(secure);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
