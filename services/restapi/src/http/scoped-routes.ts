import type { Problem } from '@cloudtuner/errors';
import type {
  CloudAccount,
  CloudAccountsRepository,
  Organization,
  OrganizationsRepository,
  OutboxEntry,
  TokenIdentity,
} from '@cloudtuner/metadata';
import { isRevalidated, type Operation } from '@cloudtuner/restapi-client';
import { currentRequestId, routesFor, type HttpMethod, type Route, type RouteInput } from '@cloudtuner/service-kit';
import type { z } from 'zod';
import type { RateLimiter } from '../ports';
import { changeEntry, subjectFacts, type ChangeDetails } from './audit-trail';
import { charge } from './limits';
import type { Principal } from './principal';
import {
  identityOf,
  notFound,
  permissionOf,
  requirePermission,
  requireWholeOrganization,
  scopedId,
  sees,
} from './scope-checks';

type Parsed<O extends Operation, K extends string> =
  O extends Readonly<Record<K, infer S extends z.ZodType>> ? z.output<S> : undefined;

/** What a handler is given, parsed as its operation declares. */
export type OperationInput<O extends Operation> = RouteInput<
  Parsed<O, 'params'>,
  Parsed<O, 'query'>,
  Parsed<O, 'body'>,
  Principal
>;

/** What a handler answers: a document, or the chunks of a streamed one. */
export type OperationAnswer<O extends Operation> = O extends { readonly stream: string }
  ? AsyncIterable<string | Uint8Array>
  : z.input<O['response']>;

type Handler<O extends Operation, Extra> = (
  input: OperationInput<O> & Extra,
) => Promise<OperationAnswer<O>> | OperationAnswer<O>;

/** Makes the record of the change that the handler is about to make, for the outbox of the document it changes. */
export interface Recording {
  readonly record: (details: ChangeDetails) => OutboxEntry;
}

/** Who asks. */
export interface Caller {
  readonly identity: TokenIdentity;
}

/** Makes routes of operations; each kind resolves and checks what its handler is about, before the handler runs. */
export interface ScopedRoutes {
  /** Of no organization: public, or for the operator. The handler says of which organizations its record is. */
  open<const O extends Operation>(
    operation: O,
    handler: Handler<
      O,
      { readonly recordIn: (organizationIds: readonly string[], details: ChangeDetails) => OutboxEntry }
    >,
  ): Route<Principal>;
  /** Of whoever is signed in. */
  signedIn<const O extends Operation>(operation: O, handler: Handler<O, Caller & Recording>): Route<Principal>;
  /** Of an organization in which the caller's role has the operation's permission. */
  inOrganization<const O extends Operation>(
    operation: O,
    handler: Handler<O, { organization: Organization } & Caller & Recording>,
  ): Route<Principal>;
  /** Of a cloud account in such an organization. */
  inCloudAccount<const O extends Operation>(
    operation: O,
    handler: Handler<O, { account: CloudAccount } & Caller & Recording>,
  ): Route<Principal>;
}

interface Dependencies {
  readonly organizations: Pick<OrganizationsRepository, 'find'>;
  readonly cloudAccounts: Pick<CloudAccountsRepository, 'findAmong'>;
  readonly limiter: RateLimiter;
  readonly now: () => number;
}

const declared = routesFor<Principal>();

/** An error as OpenCost answers it. */
const openCostErrorBody = ({ status, detail, details }: Problem) => ({
  code: status,
  status: '',
  data: null,
  // Which parameter it was is told in the text: there is no other place for it.
  message: `Error: ${detail}${details === undefined ? '' : ` ${JSON.stringify(details)}`}`,
});

/** An answer is final when what it is about has closed; late data then changes its text, and so its ETag. */
function revalidatesWhenFinal(operation: Operation, now: () => number): ((answer: unknown) => boolean) | undefined {
  if (!isRevalidated(operation)) return undefined;
  return (answer) => {
    const finalAfter: unknown = Reflect.get(Object(answer), 'final_after');
    return typeof finalAfter === 'number' && finalAfter * 1000 <= now();
  };
}

function routeOf<O extends Operation>(
  operation: O,
  now: () => number,
  handler: (input: OperationInput<O>) => Promise<unknown>,
): Route<Principal> {
  const { operationId, path, summary, access, status, params, query, body, upload, response, stream, errorForm } =
    operation as Operation;
  const revalidates = revalidatesWhenFinal(operation, now);
  const declaration = {
    method: operation.method.toLowerCase() as HttpMethod,
    operationId,
    path,
    summary,
    access,
    status,
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    ...(upload === undefined ? {} : { upload: true }),
    ...(revalidates === undefined ? {} : { revalidates }),
    ...(errorForm === undefined ? {} : { errorBody: openCostErrorBody }),
  };
  // The edge has parsed the input with the operation's own schemas.
  const handle = (input: unknown): Promise<unknown> => handler(input as OperationInput<O>);
  if (stream === undefined) return declared.defineRoute({ ...declaration, response, handler: handle });
  return declared.defineStreamRoute({
    ...declaration,
    contentType: stream,
    handler: async (input) => (await handle(input)) as AsyncIterable<string | Uint8Array>,
  });
}

type AnyInput = RouteInput<unknown, unknown, unknown, Principal>;

/** Notes what the request is about, and gives what makes records of it. */
function recorderOf(
  operation: Operation,
  input: AnyInput,
  about: { organizationIds: readonly string[]; cloudAccountId?: string; now: () => number },
): Recording['record'] {
  const { organizationIds, cloudAccountId = null, now } = about;
  const { facts, params, query, principal, remoteAddress } = input;
  facts.set(subjectFacts.organization, organizationIds);
  if (cloudAccountId !== null) facts.set(subjectFacts.account, cloudAccountId);
  return (details) => {
    facts.set(subjectFacts.recorded, true);
    const requestId = currentRequestId() ?? '';
    const subject = { operation, principal, organizationIds, cloudAccountId, params, query, remoteAddress, requestId };
    return changeEntry(subject, details, now());
  };
}

/** Routes over these stores. */
export function createScopedRoutes({ organizations, cloudAccounts, limiter, now }: Dependencies): ScopedRoutes {
  const chargeToken = (operation: Operation, { tokenId }: TokenIdentity, input: AnyInput): Promise<void> =>
    charge(limiter, operation, { of: 'token', id: tokenId }, input);
  const chargeOrganization = (operation: Operation, id: string, input: AnyInput): Promise<void> =>
    charge(limiter, operation, { of: 'organization', id }, input);
  return {
    open: (operation, handler) =>
      routeOf(operation, now, async (input) =>
        handler({
          ...input,
          recordIn: (organizationIds, details) => recorderOf(operation, input, { organizationIds, now })(details),
        }),
      ),
    signedIn: (operation, handler) =>
      routeOf(operation, now, async (input) => {
        const identity = identityOf(input.principal);
        await chargeToken(operation, identity, input);
        const organizationIds = identity.memberships.map(({ organizationId }) => organizationId);
        return handler({ ...input, identity, record: recorderOf(operation, input, { organizationIds, now }) });
      }),
    inOrganization: (operation, handler) =>
      routeOf(operation, now, async (input) => {
        const identity = identityOf(input.principal);
        await chargeToken(operation, identity, input);
        const organizationId = scopedId(operation, input);
        if (!identity.memberships.some((membership) => membership.organizationId === organizationId)) throw notFound();
        const record = recorderOf(operation, input, { organizationIds: [organizationId], now });
        requirePermission(identity, organizationId, permissionOf(operation));
        const organization = await organizations.find(organizationId);
        if (organization === null) throw notFound();
        requireWholeOrganization(identity, operation);
        await chargeOrganization(operation, organization.id, input);
        return handler({ ...input, organization, identity, record });
      }),
    inCloudAccount: (operation, handler) =>
      routeOf(operation, now, async (input) => {
        const identity = identityOf(input.principal);
        await chargeToken(operation, identity, input);
        const memberOf = identity.memberships.map(({ organizationId }) => organizationId);
        const account = await cloudAccounts.findAmong(memberOf, scopedId(operation, input));
        if (account === null || !sees(identity, account.id)) throw notFound();
        const about = { organizationIds: [account.organizationId], cloudAccountId: account.id, now };
        const record = recorderOf(operation, input, about);
        requirePermission(identity, account.organizationId, permissionOf(operation));
        await chargeOrganization(operation, account.organizationId, input);
        return handler({ ...input, account, identity, record });
      }),
  };
}
