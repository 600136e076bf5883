import { isAppError } from '@cloudtuner/errors';
import { createRemoteJWKSet, customFetch as keysFetch, errors, type JWTVerifyGetKey } from 'jose';
import * as oidc from 'openid-client';
import type { IdentityProvider } from '../../domain/identity-provider';
import { guardedFetch, providerFailed } from './guarded-fetch';

const timeoutSeconds = 5;
/** Where a provider's endpoints are changes seldom; its keys are looked after by jose. */
const metadataMaxAgeMs = 3_600_000;
/** A provider that has just failed is not asked again by everybody who comes. */
const failureMaxAgeMs = 2_000;
const keysMaxAgeMs = 600_000;
/** After a key that was not known: such keys, which anybody can name, ask for all of them again no sooner. */
const keysCooldownMs = 30_000;

/** A provider, as it describes itself. */
export interface DiscoveredProvider {
  readonly configuration: oidc.Configuration;
  readonly issuer: string;
  readonly keys: JWTVerifyGetKey;
}

/** In the way that the provider takes; one that does not say takes the header (OpenID Connect Discovery, section 3). */
function secretAuthentication(secret: string): oidc.ClientAuth {
  return (server, ...request) => {
    const { token_endpoint_auth_methods_supported: ways = ['client_secret_basic'] } = server;
    const authenticate = ways.includes('client_secret_basic')
      ? oidc.ClientSecretBasic(secret)
      : oidc.ClientSecretPost(secret);
    authenticate(server, ...request);
  };
}

/** The keys of a provider; for one that is not known they are fetched again, at most once in a while. */
function rotatingKeys(
  address: string,
  fetchGuarded: ReturnType<typeof guardedFetch>,
  now: () => number,
): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(address), {
    timeoutDuration: timeoutSeconds * 1000,
    cacheMaxAge: keysMaxAgeMs,
    cooldownDuration: Infinity,
    [keysFetch]: fetchGuarded,
  });
  let notBeforeMs = 0;
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || now() < notBeforeMs) throw error;
      notBeforeMs = now() + keysCooldownMs;
      await keys.reload();
      return keys(header, token);
    }
  };
}

/** The library's permission to speak without TLS. It is marked as deprecated there, as a warning; here the operator gives it. */
function withoutTls(): (configuration: oidc.Configuration) => void {
  return Reflect.get(oidc, 'allowInsecureRequests');
}

async function discover(provider: IdentityProvider, now: () => number): Promise<DiscoveredProvider> {
  const { clientId, clientSecret, allowHttp } = provider;
  const fetchGuarded = guardedFetch(provider);
  const configuration = await oidc
    .discovery(
      new URL(provider.issuer),
      clientId,
      {},
      clientSecret === null ? oidc.None() : secretAuthentication(clientSecret),
      {
        timeout: timeoutSeconds,
        [oidc.customFetch]: (url, options) => fetchGuarded(url, options as RequestInit),
        ...(allowHttp ? { execute: [withoutTls()] } : {}),
      },
    )
    .catch((error: unknown) => {
      throw isAppError(error)
        ? error
        : providerFailed(provider, 'does not describe itself as OpenID Connect has it', error);
    });
  const { issuer, jwks_uri: keysUrl } = configuration.serverMetadata();
  if (keysUrl === undefined) throw providerFailed(provider, 'does not say where its keys are');
  return { configuration, issuer, keys: rotatingKeys(keysUrl, fetchGuarded, now) };
}

/** Asks a provider who it is, once an hour. */
export function createDiscovery(provider: IdentityProvider, now: () => number): () => Promise<DiscoveredProvider> {
  let known: { readonly answer: Promise<DiscoveredProvider>; untilMs: number } | undefined;
  return () => {
    if (known !== undefined && known.untilMs > now()) return known.answer;
    const asked = { answer: discover(provider, now), untilMs: now() + metadataMaxAgeMs };
    asked.answer.catch(() => {
      asked.untilMs = now() + failureMaxAgeMs;
    });
    known = asked;
    return asked.answer;
  };
}
