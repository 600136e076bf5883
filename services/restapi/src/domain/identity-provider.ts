import type { Role } from '@cloudtuner/metadata';
import { z } from 'zod';

const defaultMaxTokenAgeSeconds = 600;
const maxListed = 100;
const maxGroups = 5000;

const url = z.string().refine((text) => URL.canParse(text), 'must be a URL');

/** As it is sent when the code is redeemed: providers compare it letter by letter with what they were sent before. */
function isRedirectUri(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const sent = new URL(text);
  sent.search = '';
  sent.hash = '';
  return sent.href === text;
}
const redirectUri = z
  .string()
  .refine(isRedirectUri, 'must be a URL without a query or fragment, with a path, its host in lower case');
const hosts = z.array(z.string().min(1)).max(maxListed);

const providerSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
    display_name: z.string().min(1).optional(),
    issuer: url,
    client_id: z.string().min(1),
    client_secret: z.string().min(1).optional(),
    /** Client ids of other applications whose ID tokens are taken as well: a command line, another front end. */
    other_client_ids: z.array(z.string().min(1)).max(maxListed).default([]),
    redirect_uris: z.array(redirectUri).max(maxListed).default([]),
    scope: z.string().default('openid email profile'),
    groups_claim: z.string().min(1).default('groups'),
    organizations: z.union([z.literal('all'), z.array(z.uuid()).min(1).max(maxListed)]),
    trust_email: z.boolean().default(false),
    link_by_email: z.boolean().default(false),
    endpoint_hosts: hosts.default([]),
    allow_http: z.boolean().default(false),
    max_token_age_seconds: z.int().min(30).max(86_400).default(defaultMaxTokenAgeSeconds),
  })
  .refine(({ issuer, allow_http }) => allow_http || issuer.startsWith('https:'), {
    path: ['issuer'],
    message: 'must be https, unless allow_http is set',
  })
  // Whoever owns one organization could have made the users of another, by addresses that the provider vouches for.
  .refine(({ link_by_email, organizations }) => !link_by_email || organizations !== 'all', {
    path: ['link_by_email'],
    message: 'needs a list of organizations',
  });

/** Where people sign in, as the operator has described it. */
export interface IdentityProvider {
  readonly name: string;
  readonly displayName: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  readonly otherClientIds: readonly string[];
  readonly redirectUris: readonly string[];
  readonly scope: string;
  readonly groupsClaim: string;
  /** Whose people it knows; null = everybody's. */
  readonly organizationIds: readonly string[] | null;
  /** Every address that it names counts as verified. */
  readonly trustEmail: boolean;
  /** Who comes with the verified address of a user is that user. */
  readonly linkByEmail: boolean;
  /** Hosts that are asked besides the issuer's own. */
  readonly endpointHosts: readonly string[];
  readonly allowHttp: boolean;
  readonly maxTokenAgeSeconds: number;
}

/** What a checked ID token says. */
export interface IdentityClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly displayName: string | null;
  readonly groups: readonly string[];
  /** When the provider has said it. */
  readonly issuedAt: Date;
}

function providerOf(given: z.output<typeof providerSchema>): IdentityProvider {
  return {
    name: given.name,
    displayName: given.display_name ?? given.name,
    issuer: given.issuer,
    clientId: given.client_id,
    clientSecret: given.client_secret ?? null,
    otherClientIds: given.other_client_ids,
    redirectUris: given.redirect_uris,
    scope: given.scope,
    groupsClaim: given.groups_claim,
    organizationIds: given.organizations === 'all' ? null : given.organizations,
    trustEmail: given.trust_email,
    linkByEmail: given.link_by_email,
    endpointHosts: given.endpoint_hosts,
    allowHttp: given.allow_http,
    maxTokenAgeSeconds: given.max_token_age_seconds,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message shows a part of the text, which has secrets.
    return undefined;
  }
}

/** The providers of a JSON text. What is wrong with it is told by the names of fields, without their values. */
export const identityProvidersText = z.string().transform((text, context): IdentityProvider[] => {
  const parsed = z.array(providerSchema).max(maxListed).safeParse(jsonOf(text));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => [...path, message].join(' '));
    context.addIssue(`is no JSON list of providers: ${faults.join('; ')}`);
    return z.NEVER;
  }
  const providers = parsed.data.map(providerOf);
  if (new Set(providers.map(({ name }) => name)).size < providers.length) context.addIssue('has two of one name');
  return providers;
});

/** True when the provider speaks for people of the organization. */
export function serves({ organizationIds }: IdentityProvider, organizationId: string): boolean {
  return organizationIds === null || organizationIds.includes(organizationId);
}

const has = (claims: unknown, name: string): claims is object =>
  typeof claims === 'object' && claims !== null && Object.hasOwn(claims, name);

/** A claim by its name, dots and all, or else by the way to it: `realm_access.roles`. */
function claimAt(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name
    .split('.')
    .reduce<unknown>((inside, part) => (has(inside, part) ? Reflect.get(inside, part) : undefined), claims);
}

const text = z.string().catch('');

/**
 * The groups that a token names; null when it says that there are more than it names, so that nothing can be concluded.
 *
 * Source: Microsoft's "groups overage claim" (`_claim_names`, `hasgroups`) for what stands instead of too long a list.
 */
export function groupsOf(claims: Readonly<Record<string, unknown>>, name: string): string[] | null {
  const elsewhere: unknown = claims['_claim_names'];
  const claim = claimAt(claims, name);
  if (claim === undefined && (has(elsewhere, name) || claims['hasgroups'] === true)) return null;
  const listed = Array.isArray(claim) ? claim.map((group) => text.parse(group)) : [text.parse(claim)];
  const groups = listed.filter((group) => group !== '');
  return groups.length > maxGroups ? null : groups;
}

const strongest: readonly Role[] = ['owner', 'manager', 'viewer'];

/** The most powerful role that any of the groups has; null when none has one. */
export function roleOfGroups(
  groupRoles: readonly { readonly group: string; readonly role: Role }[],
  groups: readonly string[],
): Role | null {
  const given = groupRoles.filter(({ group }) => groups.includes(group)).map(({ role }) => role);
  return strongest.find((role) => given.includes(role)) ?? null;
}
