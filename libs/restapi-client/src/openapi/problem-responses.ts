import { errorCatalogue, httpStatusOf, type ErrorCode } from '@cloudtuner/errors';
import type { Operation } from '../contract/operation';
import type { JsonSchema } from '../contract/wire-schema';
import { errorCodesOf } from './error-codes';

/** RFC 9457, with our extension members. */
export const problemSchema: JsonSchema = {
  type: 'object',
  description: 'An error: a problem document (RFC 9457). `code` is for ever; `detail` is for people.',
  properties: {
    type: { type: 'string', description: '`urn:cloudtuner:error:` and the code.' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    code: { type: 'string' },
    detail: { type: 'string' },
    request_id: { type: 'string' },
    details: { description: 'What the code has to say in particular, such as the fields that were refused.' },
  },
  required: ['type', 'title', 'status', 'code', 'detail'],
};

/** The same as clients of OpenCost know it. */
export const openCostErrorSchema: JsonSchema = {
  type: 'object',
  description: 'An error in the form of OpenCost.',
  properties: {
    code: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status.' },
    status: { type: 'string' },
    data: { type: 'null' },
    message: { type: 'string' },
  },
  required: ['code', 'data', 'message'],
};

const retryStatuses: readonly number[] = [429, 503];

function exampleProblem(code: ErrorCode): unknown {
  const { kind, title } = errorCatalogue[code];
  const status = httpStatusOf(kind);
  return { type: `urn:cloudtuner:error:${code}`, title, status, code, detail: `${title}.`, request_id: 'c0ffee' };
}

function problemContent(status: number, codes: readonly ErrorCode[]): unknown {
  return {
    'application/problem+json': {
      schema: {
        allOf: [
          { $ref: '#/components/schemas/Problem' },
          { type: 'object', properties: { status: { const: status }, code: { enum: codes } } },
        ],
      },
      examples: Object.fromEntries(codes.map((code) => [code, { value: exampleProblem(code) }])),
    },
  };
}

const openCostContent = { 'application/json': { schema: { $ref: '#/components/schemas/OpenCostError' } } };

// What is refused before its route is known has the form of every other error.
const beforeRoutes: readonly number[] = [httpStatusOf('headers-too-large')];

function problemResponse(status: number, codes: readonly ErrorCode[], errorForm: Operation['errorForm']): unknown {
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].title}.`).join('\n\n'),
    headers: {
      'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' },
      ...(status === 401 ? { 'WWW-Authenticate': { $ref: '#/components/headers/WWW-Authenticate' } } : {}),
      ...(retryStatuses.includes(status) ? { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } : {}),
    },
    content:
      errorForm === 'opencost' && !beforeRoutes.includes(status) ? openCostContent : problemContent(status, codes),
  };
}

/** The responses of an operation that did not go well, by status. */
export function problemResponses(operation: Operation): Readonly<Record<string, unknown>> {
  const codesByStatus = new Map<number, ErrorCode[]>();
  for (const code of errorCodesOf(operation)) {
    const status = httpStatusOf(errorCatalogue[code].kind);
    codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), code]);
  }
  const statuses = [...codesByStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    statuses.map(([status, codes]) => [String(status), problemResponse(status, codes, operation.errorForm)]),
  );
}
