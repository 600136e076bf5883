import type { Route } from '@cloudtuner/service-kit';
import { createOidcIdentityProviders } from '../adapters/oidc/oidc-identity-providers';
import type { Config } from '../config';
import { createSignInThrottle } from '../domain/sign-in-throttle';
import type { Principal } from '../http/principal';
import { invitationRoutes, organizationRoutes, signInRoutes, userRoutes } from '../http/routes/identity';
import { groupRoleRoutes, oidcRoutes } from '../http/routes/oidc';
import { personalTokenRoutes, serviceTokenRoutes } from '../http/routes/tokens';
import type { ScopedRoutes } from '../http/scoped-routes';
import type { Metrics } from '../metrics';
import type { Connections } from './connections';

/** Nothing of an identity provider can be guessed: failures there are counted so that nobody keeps it and us busy, by address alone. */
const oidcFailuresPerPassword = 30;
const signInPeriodMs = 5 * 60_000;
const signInMaxKeys = 10_000;

/** Organizations, their users, and how those sign in. */
export function identityRoutes(
  routes: ScopedRoutes,
  config: Config,
  { metadata, metrics, now }: Pick<Connections, 'metadata'> & { metrics: Metrics; now: () => number },
): Route<Principal>[] {
  const bounds = { periodMs: signInPeriodMs, maxKeys: signInMaxKeys, now };
  const identity = {
    ...metadata,
    throttle: createSignInThrottle({ ...bounds, maxAttempts: config.SIGN_IN_MAX_FAILURES }),
    oidcThrottle: createSignInThrottle({
      ...bounds,
      maxAttempts: config.SIGN_IN_MAX_FAILURES * oidcFailuresPerPassword,
    }),
    identityProviders: createOidcIdentityProviders(config.OIDC_PROVIDERS ?? [], {
      clusterSecret: config.CLUSTER_SECRET,
      now,
    }),
    tokenTtlSeconds: config.TOKEN_TTL_SECONDS,
    countSignIn: (outcome: string): void => {
      metrics.signIns.inc({ outcome: outcome.replaceAll('-', '_') });
    },
  };
  return [
    ...organizationRoutes(routes, identity),
    ...userRoutes(routes, identity),
    ...invitationRoutes(routes, identity),
    ...signInRoutes(routes, identity),
    ...oidcRoutes(routes, identity),
    ...groupRoleRoutes(routes, identity),
    ...personalTokenRoutes(routes, identity),
    ...serviceTokenRoutes(routes, identity),
  ];
}
