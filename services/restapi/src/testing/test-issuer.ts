import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

/** A key of the issuer. */
export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** An issuer whose keys and answers a test decides about: what no honest provider does. */
export interface TestIssuer {
  readonly issuer: string;
  /** What it publishes at this moment. */
  published: IssuerKey[];
  /** How it answers each path instead. */
  readonly instead: Map<string, { status: number; body: string; headers?: Record<string, string> }>;
  /** Paths that were asked, in order. */
  readonly asked: string[];
  stop(): Promise<void>;
  /** Starts again on the same port. */
  start(): Promise<void>;
}

/** Makes a key. */
export async function newIssuerKey(kid: string, alg = 'RS256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Signs a token. */
export function signToken(
  key: Pick<IssuerKey, 'alg' | 'kid'> & { readonly privateKey: CryptoKey | Uint8Array },
  claims: JWTPayload,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
}

function listen(server: Server, port: number): Promise<unknown> {
  server.listen(port, '127.0.0.1');
  return once(server, 'listening');
}

/** Starts one on a free port. */
export async function startTestIssuer(): Promise<TestIssuer> {
  const instead: TestIssuer['instead'] = new Map();
  const asked: string[] = [];
  let port = 0;
  let server: Server;
  const documents = (): Record<string, unknown> => ({
    '/.well-known/openid-configuration': {
      issuer: testIssuer.issuer,
      jwks_uri: `${testIssuer.issuer}/keys`,
      authorization_endpoint: `${testIssuer.issuer}/authorize`,
      token_endpoint: `${testIssuer.issuer}/token`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    },
    '/keys': { keys: testIssuer.published.map(({ publicJwk }) => publicJwk) },
  });
  const start = async (): Promise<void> => {
    server = createServer((request, response) => {
      const path = request.url ?? '';
      asked.push(path);
      const other = instead.get(path);
      if (other !== undefined) response.writeHead(other.status, other.headers).end(other.body);
      else response.setHeader('content-type', 'application/json').end(JSON.stringify(documents()[path] ?? {}));
    });
    await listen(server, port);
    port = (server.address() as AddressInfo).port;
  };
  const testIssuer: TestIssuer = {
    get issuer() {
      return `http://127.0.0.1:${String(port)}`;
    },
    published: [],
    instead,
    asked,
    start,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  await start();
  return testIssuer;
}
