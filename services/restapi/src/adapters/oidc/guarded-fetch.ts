import { AppError } from '@cloudtuner/errors';
import type { IdentityProvider } from '../../domain/identity-provider';

/** Of metadata, keys and tokens; what is longer is none of them. */
const maxAnswerBytes = 1024 ** 2;

/** @throws AppError `identity-provider-unavailable` */
export function providerFailed(provider: IdentityProvider, why: string, cause?: unknown): AppError {
  const message = `The identity provider ${provider.name} ${why}.`;
  return new AppError('identity-provider-unavailable', message, { cause, retryAfterMs: 5_000 });
}

async function bounded(provider: IdentityProvider, response: Response): Promise<ArrayBuffer | null> {
  if (response.body === null) return null;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> = response.body;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) throw providerFailed(provider, 'answers with more than a megabyte');
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks)).buffer;
}

/**
 * Fetches from the provider's own hosts alone. Its metadata say where its keys and tokens are: those who can write them
 * must not learn what else we can reach. Redirects are not followed.
 */
export function guardedFetch(provider: IdentityProvider): (address: string, init: RequestInit) => Promise<Response> {
  const allowed = new Set([new URL(provider.issuer).host, ...provider.endpointHosts]);
  return async (address, init) => {
    const { host, protocol } = new URL(address);
    if (!allowed.has(host)) throw providerFailed(provider, `names the host ${host}, which endpoint_hosts lacks`);
    if (protocol !== 'https:' && !provider.allowHttp) throw providerFailed(provider, 'names an address without TLS');
    const response = await fetch(address, { ...init, redirect: 'manual' }).catch((error: unknown) => {
      throw providerFailed(provider, 'does not answer', error);
    });
    if (response.status >= 500 || response.status === 429) {
      throw providerFailed(provider, `answers ${String(response.status)}`);
    }
    const { status, headers } = response;
    return new Response(await bounded(provider, response), { status, headers });
  };
}
