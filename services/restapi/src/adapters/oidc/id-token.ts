import { AppError, isAppError } from '@cloudtuner/errors';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { groupsOf, type IdentityClaims, type IdentityProvider } from '../../domain/identity-provider';
import { providerFailed } from './guarded-fetch';

/** Signatures that only the provider can make: none without one, none by a secret that others know. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const clockToleranceSeconds = 30;
/** Of our own column; longer ones are not for people. */
const maxEmailLength = 254;
const maxNameLength = 200;

/** Which rule is broken; never what the token says. */
const refused = (rule: string, cause?: unknown): AppError =>
  new AppError('identity-refused', `The ID token was not accepted: ${rule}.`, { cause });

const typeOf = z.string().transform((text) => text.toLowerCase().replace(/^application\//, ''));
const identityText = z.string().min(1).catch('');

/**
 * Who the token is for. One audience that is ours is enough; where there are several, or `azp` is there, it names the
 * client that asked for it, and that has to be ours too.
 *
 * Source: OpenID Connect Core 1.0, section 3.1.3.7, rules 3 to 5.
 */
function requireOurs({ aud, azp }: JWTPayload, ours: readonly string[]): void {
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (azp === undefined ? audiences.length > 1 : typeof azp !== 'string' || !ours.includes(azp)) {
    throw refused('azp is another client');
  }
}

/**
 * True for what only other tokens say of themselves. Access tokens of some providers have the type of any JWT: Keycloak's tell
 * by a `typ` inside (`Bearer`, where its ID tokens have `ID`), others by what they allow.
 */
function isOtherKind(payload: JWTPayload): boolean {
  if (['events', 'scope', 'scp'].some((claim) => payload[claim] !== undefined)) return true;
  return payload['typ'] !== undefined && payload['typ'] !== 'ID';
}

function claimsOf(provider: IdentityProvider, payload: JWTPayload): IdentityClaims {
  const groups = groupsOf(payload, provider.groupsClaim);
  if (groups === null) throw refused('it names some of the groups only; let the provider send fewer');
  const email = identityText.parse(payload['email']);
  const name = identityText.parse(payload['name']).trim();
  return {
    issuer: provider.issuer,
    subject: identityText.parse(payload.sub),
    email: email === '' || email.length > maxEmailLength ? null : email,
    emailVerified: provider.trustEmail || payload['email_verified'] === true,
    displayName: name === '' ? null : name.replace(/[\p{Cc}\u2028\u2029]/gu, ' ').slice(0, maxNameLength),
    groups,
    issuedAt: new Date(z.number().parse(payload.iat) * 1000),
  };
}

/** What jose refuses, in the words of the rule. */
function toRefusal(provider: IdentityProvider, error: unknown): AppError {
  if (isAppError(error)) return error;
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
    return refused(`${error.claim} ${error.reason === 'missing' ? 'is missing' : 'does not hold'}`, error);
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return refused('the provider has no such key', error);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return refused('its algorithm is not allowed', error);
  if (error instanceof errors.JWSSignatureVerificationFailed) return refused('its signature is another', error);
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) {
    return providerFailed(provider, 'does not answer with its keys', error);
  }
  // A plain error is what the library says of an answer other than 200.
  if (error instanceof errors.JOSEError && error.code === errors.JOSEError.code) {
    return providerFailed(provider, 'does not answer with its keys', error);
  }
  return refused('it is no signed token', error);
}

/** Checks an ID token by every rule. @throws AppError `identity-refused`, `identity-provider-unavailable` */
export async function verifyIdToken(
  provider: IdentityProvider,
  keys: JWTVerifyGetKey,
  given: { readonly idToken: string; readonly nonce: string | undefined; readonly issuer: string; readonly now: Date },
): Promise<IdentityClaims> {
  const ours = [provider.clientId, ...provider.otherClientIds];
  const { payload, protectedHeader } = await jwtVerify(given.idToken, keys, {
    algorithms,
    issuer: given.issuer,
    audience: ours,
    clockTolerance: clockToleranceSeconds,
    maxTokenAge: provider.maxTokenAgeSeconds,
    requiredClaims: ['sub', 'exp', 'iat'],
    currentDate: given.now,
  }).catch((error: unknown) => {
    throw toRefusal(provider, error);
  });
  // Access tokens (RFC 9068) and logout tokens are signed by the same keys, some for the same audience.
  const type = typeOf.safeParse(protectedHeader.typ ?? 'jwt');
  if (!type.success || type.data !== 'jwt' || isOtherKind(payload)) throw refused('it is no ID token');
  if (typeof payload.sub !== 'string' || payload.sub === '') throw refused('sub is missing');
  requireOurs(payload, ours);
  if (given.nonce !== undefined && payload['nonce'] !== given.nonce) throw refused('nonce is another');
  return claimsOf(provider, payload);
}
