import type { OpenApiDocument, OpenApiOperation } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { createMatrixTenant, type MatrixTenant } from './testing/matrix-resources';
import { startTestWorld, type TestWorld } from './testing/test-world';
import { answerUsage } from './testing/usage-answers';

// Every parameter and every leaf of every body of the document that the running service serves: one that is added is tried
// without a line of its own. What single filters find is the matter of expenses-injection.

interface DocumentedOperation extends OpenApiOperation {
  readonly method: string;
  readonly path: string;
}

let world: TestWorld;
let own: MatrixTenant;
let foreign: MatrixTenant;
let operations: readonly DocumentedOperation[];

/** SQL and PromQL, out of quotes of either kind; a formula of a spreadsheet, headers, a line of a log, a path, an operator of MongoDB. */
const attacks = [
  `\\'; DROP TABLE bill_rows; -- ' OR ''=' ) UNION ALL SELECT * FROM system.users -- "} or {tenant_id=~".+"} or {x="`,
  '=HYPERLINK("http://127.0.0.1/")\r\nSet-Cookie: injected=1\r\n\r\n{"level":"fatal"}\n../../../etc/passwd {"$gt":""}',
];

const json = z.looseObject({ content: z.looseObject({ 'application/json': z.looseObject({ example: z.unknown() }) }) });

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

/** A request with an attack in one place. */
interface Attempt {
  readonly operation: DocumentedOperation;
  readonly place: string;
  readonly url: URL;
  readonly body?: string;
}

function addressOf({ path, parameters = [] }: DocumentedOperation, changed: Readonly<Record<string, string>>): URL {
  const { ids, together } = own;
  const names = [...path.matchAll(/\{([a-z_]+)\}/g)].map(([, name = '']) => name);
  const known = names.reduce<Record<string, string>>((all, name) => ({ ...all, ...together[name] }), { ...ids });
  const filled = names.reduce(
    (text, name) => text.replace(`{${name}}`, encodeURIComponent(changed[name] ?? known[name] ?? name)),
    path,
  );
  const url = new URL(filled, world.harness.url);
  for (const { name, in: place, example } of parameters) {
    const shown = typeof example === 'string' ? example : JSON.stringify(example);
    const given = changed[name] ?? (example === undefined ? undefined : (known[name] ?? shown));
    if (place === 'query' && given !== undefined) url.searchParams.set(name, given);
  }
  return url;
}

const exampleOf = ({ requestBody }: DocumentedOperation): unknown =>
  json.safeParse(requestBody).data?.content['application/json'].example;

/** Copies of a document with the attack in the place of each leaf, and as the name of a property of each object. */
function infected(value: unknown, attack: string, place: string): [string, unknown][] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      infected(item, attack, `${place}[${String(index)}]`).map(([at, copy]): [string, unknown] => [
        at,
        value.with(index, copy),
      ]),
    );
  }
  if (typeof value !== 'object' || value === null) return [[place, attack]];
  const entries = Object.entries(value);
  return [
    [`${place}.*`, { ...value, [attack]: attack }],
    ...entries.flatMap(([name, child]) =>
      infected(child, attack, `${place}.${name}`).map(([at, copy]): [string, unknown] => [
        at,
        { ...value, [name]: copy },
      ]),
    ),
  ];
}

function attemptsOn(operation: DocumentedOperation): Attempt[] {
  // Whoever signs out has no token for the rest.
  if (operation.operationId === 'revokeCurrentToken') return [];
  const example = exampleOf(operation);
  const bodyOf = (value: unknown): { body?: string } => (value === undefined ? {} : { body: JSON.stringify(value) });
  return attacks.flatMap((attack) => [
    ...(operation.parameters ?? []).map(({ name, in: place }) => ({
      operation,
      place: `${place} ${name}`,
      url: addressOf(operation, { [name]: attack }),
      ...bodyOf(example),
    })),
    ...(example === undefined ? [] : infected(example, attack, 'body')).map(([place, value]) => ({
      operation,
      place,
      url: addressOf(operation, {}),
      ...bodyOf(value),
    })),
  ]);
}

async function send({ operation, url, body }: Attempt) {
  const response = await fetch(url, {
    method: operation.method,
    headers: {
      authorization: `Bearer ${own.tokens.owner}`,
      ...(operation['x-access'] === 'cluster-secret' ? { secret: world.harness.clusterSecret } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Several at a time, as most of the time is spent waiting for the stores. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

/** What the other tenant's owner reads of all its lists and documents. */
async function foreignState(): Promise<string[]> {
  const api = world.harness.client(foreign.tokens.owner);
  const params = { organization_id: foreign.organization.id };
  const answers = await Promise.all([
    api.listCloudAccounts({ params }),
    api.listUsers({ params }),
    api.listPools({ params }),
    api.listAssignmentRules({ params }),
    api.listInvitations({ params }),
    api.getCleanExpenses({
      query: { organization_id: foreign.organization.id, start_date: 1_772_000_000, end_date: 1_774_000_000 },
    }),
  ]);
  // That it was read is written by the reading.
  return answers.map((answer) => JSON.stringify(answer).replaceAll(/"last_read_at":(null|\d+)/g, ''));
}

describe('injection', () => {
  it('in any parameter or body is refused or kept as text; nothing of others is told, changed or logged as a line', async () => {
    const before = await foreignState();
    const secrets = [...Object.values(foreign.ids), foreign.organization.owner.email];
    const attempts = operations.flatMap(attemptsOn);
    let unavailable = 0;
    const tried = new Set(attempts.map(({ operation }) => operation.operationId));
    await eachOf(attempts, async (attempt) => {
      const { operation, place } = attempt;
      const { status, headers, text } = await send(attempt);
      const about = [operation.operationId, place, status];
      // A path that leads elsewhere is another operation's, or nobody's.
      const declared = [...Object.keys(operation.responses), '404', '405'];
      const isUnavailable = status === 503;
      if (isUnavailable) unavailable += 1;
      expect([...about, declared.includes(String(status)) && (status < 500 || isUnavailable)]).toEqual([
        ...about,
        true,
      ]);
      expect([...about, headers.get('set-cookie')]).toEqual([...about, null]);
      expect([...about, secrets.filter((secret) => text.includes(secret))]).toEqual([...about, []]);
      expect([...about, /DB::Exception|Code: \d+|at .*\.(js|ts):\d+/.test(text)]).toEqual([...about, false]);
    });
    expect(await foreignState()).toEqual(before);
    // A store that is slow at the moment proves nothing either way.
    expect(unavailable).toBeLessThan(attempts.length / 20);
    const parameters = operations.flatMap((operation) => operation.parameters ?? []).length;
    expect(attempts.length).toBeGreaterThanOrEqual(parameters * attacks.length);
    const free = operations.filter((operation) => !tried.has(operation.operationId));
    // These take nothing.
    for (const { operationId, parameters: taken = [], requestBody } of free) {
      expect([operationId, taken, requestBody]).toEqual([operationId, [], undefined]);
    }
    for (const line of world.harness.logLines) {
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(() => void JSON.parse(line)).not.toThrow();
    }
  }, 400_000);
});
