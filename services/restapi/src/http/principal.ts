import type { TokenIdentity } from '@cloudtuner/metadata';

/** Who calls: anybody, the platform's operator by the cluster secret, or a signed-in user. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'operator' }
  | { readonly kind: 'user'; readonly identity: TokenIdentity };
