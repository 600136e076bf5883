import { hkdfSync } from 'node:crypto';
import { AppError, isAppError } from '@cloudtuner/errors';
import { EncryptJWT, jwtDecrypt } from 'jose';
import * as oidc from 'openid-client';
import { z } from 'zod';
import type { IdentityProvider } from '../../domain/identity-provider';
import type { AuthorizationAnswer, IdentityProviders } from '../../identity-ports';
import { providerFailed } from './guarded-fetch';
import { verifyIdToken } from './id-token';
import { createDiscovery, type DiscoveredProvider } from './oidc-client';

const transactionMs = 600_000;
const sealKeyBytes = 32;
/** Codes that are redeemed at once at a provider, by a process: each is a call that somebody unknown has caused. */
const maxRedeeming = 8;

const transactionSchema = z.object({
  provider: z.string(),
  redirect_uri: z.string(),
  state: z.string(),
  nonce: z.string(),
  code_verifier: z.string(),
});
type Transaction = z.infer<typeof transactionSchema>;

const refused = (rule: string, cause?: unknown): AppError =>
  new AppError('identity-refused', `The sign-in was not accepted: ${rule}.`, { cause });

/** What the browser carries and only this installation can read or make. */
function createSeal(clusterSecret: string, now: () => number) {
  const key = new Uint8Array(hkdfSync('sha256', clusterSecret, '', 'restapi oidc transaction', sealKeyBytes));
  return {
    close: (transaction: Transaction, expiresAt: Date): Promise<string> =>
      new EncryptJWT({ ...transaction })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setExpirationTime(expiresAt)
        .encrypt(key),
    async open(sealed: string): Promise<Transaction> {
      const options = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
      try {
        const { payload } = await jwtDecrypt(sealed, key, { ...options, currentDate: new Date(now()) });
        return transactionSchema.parse(payload);
      } catch (error) {
        throw refused('the transaction is not of this installation, or too old', error);
      }
    },
  };
}

/** The ID token that the code is worth. */
async function redeem(
  provider: IdentityProvider,
  { configuration, issuer }: DiscoveredProvider,
  { transaction, answer }: { transaction: Transaction; answer: AuthorizationAnswer },
): Promise<string> {
  const returned = new URL(transaction.redirect_uri);
  returned.searchParams.set('code', answer.code);
  returned.searchParams.set('state', answer.state);
  if (answer.iss !== undefined) returned.searchParams.set('iss', answer.iss);
  else if (configuration.serverMetadata().authorization_response_iss_parameter_supported === true) {
    throw refused(`iss of ${issuer} is missing`);
  }
  const checks = {
    expectedState: transaction.state,
    expectedNonce: transaction.nonce,
    pkceCodeVerifier: transaction.code_verifier,
    idTokenExpected: true,
  };
  try {
    const { id_token: idToken } = await oidc.authorizationCodeGrant(configuration, returned, checks);
    if (idToken === undefined) throw refused('the provider gave no ID token');
    return idToken;
  } catch (error) {
    if (isAppError(error)) throw error;
    if (error instanceof oidc.ClientError && error.code === 'OAUTH_TIMEOUT') {
      throw providerFailed(provider, 'does not answer in time', error);
    }
    // What is wrong with our own client at the provider is for the operator, whose log has the cause.
    if (error instanceof oidc.ResponseBodyError && error.error !== 'invalid_grant') {
      throw providerFailed(provider, 'refuses our client', error);
    }
    throw refused('the code, the state or the ID token does not hold', error);
  }
}

/** Providers over OpenID Connect: openid-client speaks with them, jose checks what they have signed. */
export function createOidcIdentityProviders(
  providers: readonly IdentityProvider[],
  options: { readonly clusterSecret: string; readonly now: () => number },
): IdentityProviders {
  const { now } = options;
  const seal = createSeal(options.clusterSecret, now);
  const discoveries = new Map(providers.map((provider) => [provider.name, createDiscovery(provider, now)]));
  const discovered = async (provider: IdentityProvider): Promise<DiscoveredProvider> => {
    const discovery = discoveries.get(provider.name);
    if (discovery === undefined) throw refused('the provider is not known');
    return discovery();
  };
  const verify: IdentityProviders['verifyIdToken'] = async (provider, idToken, nonce) => {
    const { keys, issuer } = await discovered(provider);
    return verifyIdToken(provider, keys, { idToken, nonce, issuer, now: new Date(now()) });
  };
  const redeeming = new Map<string, number>();
  return {
    all: providers,
    verifyIdToken: verify,
    async begin(provider, redirectUri) {
      const { configuration } = await discovered(provider);
      const transaction: Transaction = {
        provider: provider.name,
        redirect_uri: redirectUri,
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        code_verifier: oidc.randomPKCECodeVerifier(),
      };
      const url = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: provider.scope,
        state: transaction.state,
        nonce: transaction.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(transaction.code_verifier),
        code_challenge_method: 'S256',
      });
      const expiresAt = new Date(now() + transactionMs);
      return { url: url.href, transaction: await seal.close(transaction, expiresAt), expiresAt };
    },
    async finish(answer) {
      const transaction = await seal.open(answer.transaction);
      const provider = providers.find(({ name }) => name === transaction.provider);
      if (provider === undefined) throw refused('the provider is no longer there');
      // Before the provider hears of it: who answers for somebody else must not use up the code.
      if (answer.state !== transaction.state) throw refused('the state is another');
      const before = redeeming.get(provider.name) ?? 0;
      if (before >= maxRedeeming)
        throw new AppError('overloaded', 'Too many sign-ins at this moment.', { retryAfterMs: 2000 });
      redeeming.set(provider.name, before + 1);
      try {
        const idToken = await redeem(provider, await discovered(provider), { transaction, answer });
        return { provider, claims: await verify(provider, idToken, transaction.nonce) };
      } finally {
        redeeming.set(provider.name, (redeeming.get(provider.name) ?? 1) - 1);
      }
    },
  };
}
