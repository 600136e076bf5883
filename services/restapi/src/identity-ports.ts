import type { IdentityClaims, IdentityProvider } from './domain/identity-provider';

/** A sign-in that was begun; the browser holds it until it comes back. */
export interface BegunAuthorization {
  /** Where the browser goes. */
  readonly url: string;
  /** Sealed: readable by this installation alone, and for ten minutes. */
  readonly transaction: string;
  readonly expiresAt: Date;
}

/** What comes back from the provider. */
export interface AuthorizationAnswer {
  readonly transaction: string;
  readonly code: string;
  readonly state: string;
  /** Who says that it has answered (RFC 9207). */
  readonly iss: string | undefined;
}

/**
 * Identity providers. What they do not answer, or not as they should, is `identity-provider-unavailable`; what they have
 * issued and breaks a rule is `identity-refused`.
 */
export interface IdentityProviders {
  readonly all: readonly IdentityProvider[];
  /** Checks signature, issuer, audience, times and nonce. */
  verifyIdToken(provider: IdentityProvider, idToken: string, nonce: string | undefined): Promise<IdentityClaims>;
  begin(provider: IdentityProvider, redirectUri: string): Promise<BegunAuthorization>;
  /** Redeems the code, and checks the ID token that it is worth. */
  finish(answer: AuthorizationAnswer): Promise<{ provider: IdentityProvider; claims: IdentityClaims }>;
}
