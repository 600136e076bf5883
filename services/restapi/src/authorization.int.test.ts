import { randomUUID } from 'node:crypto';
import { permissions, type OpenApiDocument, type OpenApiOperation, type Permission } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { allows } from './domain/role-permissions';
import { createMatrixTenant, resourceMakers, type MatrixTenant } from './testing/matrix-resources';
import { startTestWorld, type TestWorld } from './testing/test-world';
import { answerUsage } from './testing/usage-answers';

// Everything here is made from the document that the running service serves, so that an operation that is added is
// covered without a line of its own; one with an id of a new kind fails until matrix-resources knows how to make it.

let world: TestWorld;
let own: MatrixTenant;
let foreign: MatrixTenant;
let operations: readonly DocumentedOperation[];

interface DocumentedOperation extends OpenApiOperation {
  readonly method: string;
  readonly path: string;
}

// Names within a cluster: whoever may ask for the cluster may ask for any, and learns that nothing ran in it.
const freeNames = ['namespace'];

const callers = ['owner', 'manager', 'viewer', 'service', 'restricted'] as const;
type Caller = (typeof callers)[number];

const scopeOf = z.object({ of: z.enum(['organization', 'cloud-account']), from: z.string(), field: z.string() });
const bodySchema = z.looseObject({
  content: z.looseObject({
    'application/json': z.object({
      schema: z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) }),
      example: z.unknown(),
    }),
  }),
});

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), {
    nowMs: Date.now(),
    environment: { RATE_LIMIT_TOKEN_UNITS: '100000000', RATE_LIMIT_ORGANIZATION_UNITS: '100000000' },
  });
  answerUsage(world.metroculus);
  [own, foreign] = [await createMatrixTenant(world.harness), await createMatrixTenant(world.harness)];
  const response = await fetch(`${world.harness.url}/restapi/v2/openapi.json`);
  const { paths } = (await response.json()) as OpenApiDocument;
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
}, 180_000);
afterAll(() => world.stop());

const scoped = (): DocumentedOperation[] => operations.filter((operation) => 'x-scope' in operation);
const pathNames = ({ path }: DocumentedOperation): string[] =>
  [...path.matchAll(/\{([a-z_]+)\}/g)].map(([, name]) => name ?? '');
const permissionOf = (operation: DocumentedOperation): Permission => {
  const permission = permissions.find((candidate) => candidate === operation['x-access']);
  if (permission === undefined) throw new Error(`${operation.operationId} is scoped and has no permission`);
  return permission;
};

/** Ids for an operation on a tenant's own things. */
function idsFor(operation: DocumentedOperation, { ids, together }: MatrixTenant): Record<string, string> {
  return pathNames(operation).reduce((all, name) => ({ ...all, ...together[name] }), { ...ids });
}

interface Sent {
  readonly ids: Readonly<Record<string, string>>;
  readonly authorization?: string | undefined;
  /** Instead of what the document shows. */
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
}

function urlOf({ path, parameters = [] }: DocumentedOperation, { ids, query = {} }: Sent): URL {
  const filled = path.replace(/\{([a-z_]+)\}/g, (_match, name: string) => {
    const id = ids[name] ?? (freeNames.includes(name) ? name : undefined);
    if (id === undefined) throw new Error(`matrix-resources does not know how to make a ${name}`);
    return id;
  });
  const url = new URL(filled, world.harness.url);
  for (const parameter of parameters.filter(
    (candidate) => candidate.in === 'query' && candidate.example !== undefined,
  )) {
    url.searchParams.set(parameter.name, ids[parameter.name] ?? String(parameter.example));
  }
  for (const [name, text] of Object.entries(query)) url.searchParams.set(name, text);
  return url;
}

function payloadOf(operation: DocumentedOperation, sent: Sent): { type: string; text: string } | undefined {
  if (operation.requestBody === undefined) return undefined;
  const json = bodySchema.safeParse(operation.requestBody);
  if (!json.success) return { type: 'text/csv', text: 'not,a,bill\n' };
  return { type: 'application/json', text: JSON.stringify(sent.body ?? json.data.content['application/json'].example) };
}

/** The same request id always, so that answers can be compared. */
async function send(operation: DocumentedOperation, sent: Sent) {
  const payload = payloadOf(operation, sent);
  const response = await fetch(urlOf(operation, sent), {
    method: operation.method,
    headers: {
      'x-request-id': 'the-same',
      ...(sent.authorization === undefined ? {} : { authorization: sent.authorization }),
      ...(payload === undefined ? {} : { 'content-type': payload.type }),
    },
    ...(payload === undefined ? {} : { body: payload.text }),
  });
  // What is left in the minute gets less with every request.
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !/^(date|ratelimit-.*)$/.test(name)));
  return { status: response.status, headers, text: await response.text() };
}

const bearer = (tenant: MatrixTenant, caller: Caller): string => `Bearer ${tenant.tokens[caller]}`;

const volatile = /"(last_used_at|last_read_at|start_time|end_time)":(null|\d+),?/g;

/** What a tenant's owner can read of all its things. */
async function stateOf(tenant: MatrixTenant): Promise<Record<string, string>> {
  const readable = scoped().filter((operation) => operation.method === 'GET' && operation['x-cost-class'] === 'light');
  const state: Record<string, string> = {};
  await eachOf(readable, async (operation) => {
    const ids = idsFor(operation, tenant);
    const { status, text } = await send(operation, { ids, authorization: bearer(tenant, 'owner') });
    state[operation.operationId] = `${String(status)} ${text.replaceAll(volatile, '')}`;
  });
  return state;
}

/** Several at a time, as most of the time is spent waiting for the stores. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

const roleOf = (caller: Caller): 'owner' | 'manager' | 'viewer' =>
  caller === 'service' || caller === 'restricted' ? 'viewer' : caller;

describe('the authorization matrix', () => {
  it('has every kind of id that is in a path', () => {
    const names = new Set(scoped().flatMap(pathNames));
    const known = [...Object.keys(resourceMakers), ...freeNames, 'organization_id', 'import_id'];
    expect([...names].filter((name) => !known.includes(name))).toEqual([]);
    expect(scoped().length).toBeGreaterThan(25);
  });

  it('lets no viewer change anything: a change asks for a permission that viewers lack', () => {
    for (const operation of scoped().filter(({ method }) => method !== 'GET')) {
      expect([operation.operationId, allows('viewer', permissionOf(operation))]).toEqual([
        operation.operationId,
        false,
      ]);
    }
  });

  it.each(callers)(
    '%s: foreign ids are answered byte for byte like absent ones, and nothing changes',
    async (caller) => {
      const authorization = bearer(own, caller);
      const before = [await stateOf(own), await stateOf(foreign)];
      await eachOf(scoped(), async (operation) => {
        const names = pathNames(operation);
        const { field } = scopeOf.parse(operation['x-scope']);
        const absentIds = Object.fromEntries(Object.keys(own.ids).map((name) => [name, randomUUID()]));
        const everything = await send(operation, { ids: idsFor(operation, foreign), authorization });
        expect(everything).toEqual(await send(operation, { ids: { ...foreign.ids, ...absentIds }, authorization }));
        expect([operation.operationId, everything.status]).toEqual([operation.operationId, 404]);
        expect(JSON.parse(everything.text)).toMatchObject({ code: 'not-found', status: 404 });
        for (const name of names.filter((candidate) => candidate !== field && !freeNames.includes(candidate))) {
          // The own organization or account, and in it a thing of somebody else.
          const ownIds = idsFor(operation, own);
          const theirs = { ...ownIds, [name]: foreign.ids[name] ?? '' };
          const nobodys = { ...ownIds, [name]: name === 'backfill_id' ? 'absent' : randomUUID() };
          const onTheirs = await send(operation, { ids: theirs, authorization });
          expect(onTheirs).toEqual(await send(operation, { ids: nobodys, authorization }));
          expect([operation.operationId, name, [403, 404].includes(onTheirs.status)]).toEqual([
            operation.operationId,
            name,
            true,
          ]);
        }
      });
      expect([await stateOf(own), await stateOf(foreign)]).toEqual(before);
    },
  );

  it('owner: foreign ids in bodies and filters are answered like absent ones, and nothing changes', async () => {
    const authorization = bearer(own, 'owner');
    const before = [await stateOf(own), await stateOf(foreign)];
    let tried = 0;
    for (const operation of scoped()) {
      const ids = idsFor(operation, own);
      const compare = async (with_: (id: string) => Partial<Sent>, name: string): Promise<void> => {
        const onTheirs = await send(operation, { ids, authorization, ...with_(foreign.ids[name] ?? '') });
        const onNobodys = await send(operation, { ids, authorization, ...with_(randomUUID()) });
        expect([operation.operationId, name, onTheirs]).toEqual([operation.operationId, name, onNobodys]);
        tried += 1;
      };
      for (const { name, in: place } of operation.parameters ?? []) {
        if (place === 'query' && name in foreign.ids && name !== 'organization_id') {
          await compare((id) => ({ query: { [name]: id } }), name);
        }
      }
      const json = bodySchema.safeParse(operation.requestBody);
      if (!json.success) continue;
      const { schema, example } = json.data.content['application/json'];
      for (const property of Object.keys(schema.properties)) {
        const name = property.replace(/_ids$/, '_id');
        if (!(name in foreign.ids)) continue;
        const valueOf = (id: string): unknown => (property === name ? id : [id]);
        await compare((id) => ({ body: { ...Object(example), [property]: valueOf(id) } as unknown }), name);
      }
    }
    expect(tried).toBeGreaterThanOrEqual(3);
    expect([await stateOf(own), await stateOf(foreign)]).toEqual(before);
  });

  it.each(callers)('%s: 403 for what the role may not do, and nothing changes', async (caller) => {
    const before = await stateOf(own);
    for (const operation of scoped()) {
      const mayByRole = allows(roleOf(caller), permissionOf(operation));
      const { of, field } = scopeOf.parse(operation['x-scope']);
      const ids = idsFor(operation, own);
      const answer = (): ReturnType<typeof send> => send(operation, { ids, authorization: bearer(own, caller) });
      if (caller === 'restricted' && of === 'cloud-account') {
        // An account that the token may not see is absent for it, whatever the role.
        const { status } = await answer();
        expect([operation.operationId, field, status]).toEqual([operation.operationId, field, 404]);
      } else if (!mayByRole || (caller === 'restricted' && operation['x-restrictable'] !== true)) {
        const { status, text } = await answer();
        expect([operation.operationId, status]).toEqual([operation.operationId, 403]);
        expect(JSON.parse(text)).toMatchObject({ code: 'forbidden' });
      }
    }
    expect(await stateOf(own)).toEqual(before);
  });

  it.each(callers)('%s: what the role may do is not refused', async (caller) => {
    for (const operation of scoped()) {
      if (!allows(roleOf(caller), permissionOf(operation))) continue;
      if (caller === 'restricted' && operation['x-restrictable'] !== true) continue;
      const ids: Record<string, string> = idsFor(operation, own);
      const last = pathNames(operation).at(-1) ?? '';
      // What a deletion takes is needed once more.
      if (operation.method === 'DELETE' && last in resourceMakers) {
        ids[last] = (await resourceMakers[last]?.(world.harness, own.tokens.owner, ids)) ?? '';
      }
      const { status, text } = await send(operation, { ids, authorization: bearer(own, caller) });
      // A thing that is named by the query is not made here.
      const mayBeAbsent = operation.method === 'DELETE' && urlOf(operation, { ids }).search !== '';
      // 400, 409 and 422: the example of the document need not fit what is there.
      const refused = [401, 403, 405, 429, ...(mayBeAbsent ? [] : [404])].includes(status) || status >= 500;
      expect([operation.operationId, refused ? `${String(status)} ${text}` : 'fine']).toEqual([
        operation.operationId,
        'fine',
      ]);
      expect(Object.keys(operation.responses)).toContain(String(status));
    }
  });

  it.each([
    ['no credentials', undefined],
    ['another scheme', `Basic ${Buffer.from('a:b').toString('base64')}`],
    ['the cluster secret', 'Bearer a cluster secret of tests only'],
    ['a made-up token', `Bearer ct_0123456789abcdef_${'x'.repeat(43)}`],
    ['an empty token', 'Bearer '],
  ])('answers 401 with WWW-Authenticate to %s, whatever the id', async (_title, authorization) => {
    for (const operation of operations.filter((candidate) => candidate['x-access'] !== 'public')) {
      const answer = await send(operation, { ids: idsFor(operation, own), authorization });
      expect([operation.operationId, answer.status]).toEqual([operation.operationId, 401]);
      expect(answer.headers).toMatchObject({ 'www-authenticate': 'Bearer' });
      expect(answer).toEqual(await send(operation, { ids: idsFor(operation, foreign), authorization }));
    }
  });

  it('keeps what is for a signed-in person from tokens, and what is for the operator from everybody', async () => {
    for (const operation of operations) {
      const access = operation['x-access'];
      if (access !== 'session' && access !== 'cluster-secret') continue;
      const ids = idsFor(operation, own);
      const { status } = await send(operation, { ids, authorization: bearer(own, 'service') });
      expect([operation.operationId, status]).toEqual([operation.operationId, access === 'session' ? 403 : 401]);
      if (access === 'session') continue;
      const byOwner = await send(operation, { ids, authorization: bearer(own, 'owner') });
      expect([operation.operationId, byOwner.status]).toEqual([operation.operationId, 401]);
    }
  });

  it('shows a user the own organizations and no other, and a restricted token its own accounts and no other', async () => {
    const { organizations } = await world.harness.client(own.tokens.viewer).listOrganizations({});
    expect(organizations.map(({ id, role }) => [id, role])).toEqual([[own.organization.id, 'viewer']]);
    const restricted = world.harness.client(own.tokens.restricted);
    const params = { organization_id: own.organization.id };
    const { cloud_account_ids: seen } = await restricted.getCurrentUser({});
    expect((await restricted.listCloudAccounts({ params })).cloud_accounts.map(({ id }) => id)).toEqual(seen);
    expect((await restricted.listClusters({ params })).clusters.map(({ id }) => id)).toEqual(seen);
  });

  it('hides a token of another person behind the same answer as an absent one', async () => {
    const theirs = await world.harness.client(foreign.tokens.viewer).createPersonalToken({ body: { name: 'ci' } });
    const api = world.harness.client(own.tokens.viewer);
    for (const token_id of [theirs.id, randomUUID()]) {
      await expect(api.revokePersonalToken({ params: { token_id } })).rejects.toMatchObject({ code: 'not-found' });
    }
    await world.harness.client(theirs.token).getCurrentUser({});
  });
});
