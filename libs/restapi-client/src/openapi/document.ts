import { z } from 'zod';
import type { Operation } from '../contract/operation';
import type { JsonSchema } from '../contract/wire-schema';
import { exampleOf } from './example';
import { jsonSchemaOf, type Components } from './json-schema';
import { linksOf } from './links';
import { openCostErrorSchema, problemResponses, problemSchema } from './problem-responses';

/** An OpenAPI 3.1 document, as far as its readers here need it typed. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly [part: string]: unknown;
}

/** One operation of the document. */
export interface OpenApiOperation {
  readonly operationId: string;
  readonly parameters?: readonly OpenApiParameter[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
  /** Who may call; see {@link Operation.access}. */
  readonly 'x-access': string;
  /** What the schemas cannot say of the input; see {@link Operation.rules}. */
  readonly 'x-rules'?: readonly string[];
  /** What decides the organization; see {@link Operation.scope}. */
  readonly 'x-scope'?: unknown;
  readonly [part: string]: unknown;
}

/** A parameter of the path or the query. */
export interface OpenApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly schema: JsonSchema;
  readonly description?: string;
  readonly example?: unknown;
}

const everything = { optional: true };
const objectShape = z.looseObject({
  properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  required: z.array(z.string()).default([]),
});

const securityOf = ({ access }: Operation): unknown[] => {
  if (access === 'public') return [];
  return [access === 'cluster-secret' ? { clusterSecret: [] } : { bearerToken: [] }];
};

function parametersOf(operation: Operation, components: Components): OpenApiParameter[] {
  const places = [
    ['path', operation.params, operation.example?.params],
    ['query', operation.query, operation.example?.query],
  ] as const;
  return places.flatMap(([place, schema, given]) => {
    if (schema === undefined) return [];
    const { properties, required } = objectShape.parse(jsonSchemaOf(schema, 'input', components));
    return Object.entries(properties).map(([name, { description, ...property }]) => {
      const needed = place === 'path' || required.includes(name);
      const example = given?.[name] ?? (needed ? exampleOf(property, components, everything, name) : undefined);
      return {
        name,
        in: place,
        required: needed,
        schema: property,
        ...(typeof description === 'string' ? { description } : {}),
        ...(example === undefined ? {} : { example }),
      };
    });
  });
}

function requestBodyOf({ body, upload, example }: Operation, components: Components): { requestBody?: unknown } {
  if (upload !== undefined) {
    const binary = { schema: { type: 'string', format: 'binary' } };
    return {
      requestBody: { required: true, content: Object.fromEntries(upload.contentTypes.map((type) => [type, binary])) },
    };
  }
  if (body === undefined) return {};
  const schema = jsonSchemaOf(body, 'input', components);
  const shown = example?.body ?? exampleOf(schema, components, everything);
  return { requestBody: { required: true, content: { 'application/json': { schema, example: shown } } } };
}

const successHeaders = {
  'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' },
};
const limitHeaders = {
  'RateLimit-Limit': { $ref: '#/components/headers/RateLimit-Limit' },
  'RateLimit-Remaining': { $ref: '#/components/headers/RateLimit-Remaining' },
  'RateLimit-Reset': { $ref: '#/components/headers/RateLimit-Reset' },
};

function successOf(
  operation: Operation,
  operations: readonly Operation[],
  components: Components,
): Record<string, unknown> {
  const { status, response, stream, summary, access } = operation;
  const headers = access === 'public' ? successHeaders : { ...successHeaders, ...limitHeaders };
  if (status === 204) return { '204': { description: 'Done.', headers } };
  const schema = jsonSchemaOf(response, 'output', components);
  const content =
    stream === undefined
      ? { 'application/json': { schema, example: exampleOf(schema, components, everything) } }
      : { [stream]: { schema } };
  const revalidated = isRevalidated(operation);
  const answers = {
    [String(status)]: {
      description: summary,
      headers: revalidated ? { ...headers, ETag: { $ref: '#/components/headers/ETag' } } : headers,
      content,
      ...linksOf(operation, operations),
    },
  };
  return revalidated ? { ...answers, '304': { description: 'As the client has it: the ETag is the same.' } } : answers;
}

/** True when an answer can be final: then it carries an ETag, and is sent again only when it has changed. */
export function isRevalidated({ method, response }: Operation): boolean {
  return method === 'GET' && response instanceof z.ZodObject && 'final_after' in response.shape;
}

/** `/organizations/:organization_id/users` is about users. */
function tagOf({ path }: Operation): string {
  const named = path.split('/').filter((part) => part !== '' && !part.startsWith(':'));
  const [, , ...rest] = named;
  return (
    (named[0] === 'restapi'
      ? ((rest[0] === 'organizations' || rest[0] === 'kubecost' ? rest[1] : undefined) ?? rest[0])
      : named[0]) ?? 'api'
  );
}

function operationOf(operation: Operation, operations: readonly Operation[], components: Components): OpenApiOperation {
  const { operationId, summary, description, access, scope, restrictable = false, costClass = 'light' } = operation;
  const parameters = parametersOf(operation, components);
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tagOf(operation)],
    security: securityOf(operation),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBodyOf(operation, components),
    responses: { ...successOf(operation, operations, components), ...problemResponses(operation) },
    'x-access': access,
    ...(scope === undefined ? {} : { 'x-scope': scope }),
    'x-restrictable': restrictable,
    'x-cost-class': costClass,
    ...(operation.rules === undefined ? {} : { 'x-rules': operation.rules }),
  };
}

const integerHeader = (description: string): unknown => ({ description, schema: { type: 'integer', minimum: 0 } });
const textHeader = (description: string): unknown => ({ description, schema: { type: 'string' } });

const headers = {
  'X-Request-Id': textHeader('The id of the request, as in our logs; the one that was sent, when it is harmless.'),
  'WWW-Authenticate': textHeader('The scheme that is asked for.'),
  'Retry-After': integerHeader('Seconds to wait before the same request is sent again.'),
  'RateLimit-Limit': integerHeader('Units that the token, or its organization, has in a period.'),
  'RateLimit-Remaining': integerHeader('Units that are left of them.'),
  'RateLimit-Reset': integerHeader('Seconds until all of them are there again.'),
  ETag: textHeader('There when the answer is final: send it as `If-None-Match` to hear 304 while nothing has changed.'),
};

const description = `Costs of Kubernetes clusters and clouds, and the organizations they belong to.

Errors are problem documents (RFC 9457) with a \`code\` that never changes its meaning. An id of another organization is
answered exactly like one that does not exist. Amounts are rounded once; \`null\` is "not measured", which is not zero.
Windows are half-open, in UTC. Sign in by \`POST /restapi/v2/tokens\`, and send the token as \`Authorization: Bearer …\`.`;

/** The OpenAPI 3.1 document of these operations. */
export function openApiDocument(
  operations: Readonly<Record<string, Operation>>,
  { version }: { version: string },
): OpenApiDocument {
  const components: Components = new Map([
    ['Problem', problemSchema],
    ['OpenCostError', openCostErrorSchema],
  ]);
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  const all = Object.values(operations);
  for (const operation of all) {
    const path = operation.path.replace(/:([a-z_]+)/g, '{$1}');
    (paths[path] ??= {})[operation.method.toLowerCase()] = operationOf(operation, all, components);
  }
  return {
    openapi: '3.1.1',
    info: { title: 'CloudTuner', version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(components),
      headers,
      securitySchemes: {
        bearerToken: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of a sign-in, of a person, or of a service.',
        },
        clusterSecret: {
          type: 'apiKey',
          in: 'header',
          name: 'Secret',
          description: 'For the operator of the platform.',
        },
      },
    },
  };
}
