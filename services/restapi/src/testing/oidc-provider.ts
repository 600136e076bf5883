import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '@cloudtuner/test-kit';
import { z } from 'zod';

/** What the provider says of a person. */
export interface OidcPerson {
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
  readonly groups?: readonly string[];
}

/** A certified provider (npm `oidc-provider`) with one client. */
export interface OidcProviderServer {
  readonly issuer: string;
  readonly client: { readonly client_id: string; readonly client_secret: string; readonly redirect_uris: string[] };
  /** Goes where a browser would, signed in as this person, until it is sent back; answers the parameters of that address. */
  signIn(authorizationUrl: string, person: string): Promise<URLSearchParams>;
  stop(): Promise<void>;
}

/** Where the browser is sent back to; nothing is there. */
export const redirectUri = 'https://app.example.com/callback';

const maxRedirects = 10;

/** Follows redirects with cookies, as a browser does, up to the address of the application. */
async function follow(start: URL): Promise<URLSearchParams> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let hop = 0; hop < maxRedirects; hop += 1) {
    const cookie = [...cookies].map(([name, text]) => `${name}=${text}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', text = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, text);
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error(`${url.href}: ${String(response.status)} ${await response.text()}`);
    url = new URL(location, url);
    if (url.href.startsWith(redirectUri)) return url.searchParams;
  }
  throw new Error('too many redirects');
}

/** Starts one on a free port. */
export async function startOidcProvider(people: Readonly<Record<string, OidcPerson>>): Promise<OidcProviderServer> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${String(port)}`;
  const client = { client_id: 'restapi', client_secret: 'a client secret of tests', redirect_uris: [redirectUri] };
  const settings = JSON.stringify({ issuer, port, client, people });
  const child = spawn(process.execPath, [join(__dirname, 'oidc-provider-process.mjs'), settings], {
    stdio: 'pipe',
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error(`the provider has ended before it listened: ${complaints}`);
    }),
  ]);
  return {
    issuer,
    client,
    signIn(authorizationUrl, person) {
      const url = new URL(authorizationUrl);
      url.searchParams.set('login_hint', person);
      return follow(url);
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

const tokenAnswer = z.object({ id_token: z.string() });

/** The ID token that another client of the provider would get for a code: what an application holds. */
export async function redeemCode(
  { issuer, client }: OidcProviderServer,
  { code, verifier }: { code: string; verifier: string },
): Promise<string> {
  const secret = Buffer.from(`${client.client_id}:${encodeURIComponent(client.client_secret)}`).toString('base64');
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${secret}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  });
  return tokenAnswer.parse(await response.json()).id_token;
}
