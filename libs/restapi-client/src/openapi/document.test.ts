import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { errorCatalogue, httpStatusOf } from '@cloudtuner/errors';
import Ajv from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { inOrganization, type Operation } from '../contract/operation';
import { operations } from '../contract/operations';
import { uuid } from '../contract/scalars';
import { openApiDocument } from './document';

const document = openApiDocument(operations, { version: '1.2.3' });
const all: readonly Operation[] = Object.values(operations);

const operationOf = (operationId: string) => {
  const found = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .find((candidate) => candidate.operationId === operationId);
  if (found === undefined) throw new Error(`${operationId} is not in the document`);
  return found;
};

const content = z.object({
  'application/json': z.object({ schema: z.record(z.string(), z.unknown()), example: z.unknown() }),
});
const withContent = z.looseObject({ content });

/** Checks values against schemas of the document, whose references it follows. */
const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
const { schemas } = z.object({ schemas: z.record(z.string(), z.unknown()) }).parse(document['components']);

function faultsOf(schema: unknown, value: unknown): unknown {
  const local = JSON.stringify({ ...Object(schema), $defs: schemas }).replaceAll('"#/components/schemas/', '"#/$defs/');
  const validate = ajv.compile(z.record(z.string(), z.unknown()).parse(JSON.parse(local)));
  return validate(value) ? [] : validate.errors;
}

describe('the API document', () => {
  it('is OpenAPI 3.1, says an independent validator', () => {
    // The validator is an ES module, which Jest does not load: it has a process of its own.
    const validator = pathToFileURL(require.resolve('@seriousme/openapi-schema-validator')).href;
    const script = `
      import { readFileSync } from 'node:fs';
      import { Validator } from ${JSON.stringify(validator)};
      const validator = new Validator();
      const { valid, errors } = await validator.validate(JSON.parse(readFileSync(0, 'utf8')));
      console.log(JSON.stringify({ valid, version: validator.version, errors: errors ?? [] }));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: __dirname,
      encoding: 'utf8',
      input: JSON.stringify(document),
    });
    expect(JSON.parse(output)).toEqual({ valid: true, version: '3.1', errors: [] });
  });

  it('has every operation of the contract under its method and path, and no other', () => {
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => [operationId, method.toUpperCase(), path]),
    );
    const declared = all.map(({ operationId, method, path }) => [
      operationId,
      method,
      path.replaceAll(/:([a-z_]+)/g, '{$1}'),
    ]);
    expect(documented.sort()).toEqual(declared.sort());
  });

  it('leads every reference to something', () => {
    const text = JSON.stringify(document);
    const references = new Set([...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? ''));
    for (const reference of references) {
      const target = reference.split('/').reduce<unknown>((node, key) => Reflect.get(Object(node), key), document);
      expect([reference, typeof target]).toEqual([reference, 'object']);
    }
    expect(references.size).toBeGreaterThan(5);
  });

  it.each(all.map((operation) => [operation.operationId, operation] as const))(
    '%s: examples are valid, for the document and for the server',
    (operationId, operation) => {
      const { parameters = [], requestBody, responses } = operationOf(operationId);
      for (const { schema, example } of parameters) {
        if (example !== undefined) expect(faultsOf(schema, example)).toEqual([]);
      }
      for (const place of ['path', 'query'] as const) {
        const given = parameters.filter((parameter) => parameter.in === place && parameter.example !== undefined);
        const input = Object.fromEntries(given.map(({ name, example }) => [name, String(example)]));
        const declared = place === 'path' ? operation.params : operation.query;
        expect(declared?.safeParse(input).error?.issues ?? []).toEqual([]);
      }
      if (operation.body !== undefined) {
        const { schema, example } = withContent.parse(requestBody).content['application/json'];
        expect(faultsOf(schema, example)).toEqual([]);
        expect(operation.body?.safeParse(example).error?.issues ?? []).toEqual([]);
      }
      const success = withContent.safeParse(responses[String(operation.status)]);
      if (!success.success) return;
      const { schema, example } = success.data.content['application/json'];
      expect(faultsOf(schema, example)).toEqual([]);
      expect(operation.response.safeParse(example).error?.issues ?? []).toEqual([]);
    },
  );

  it('declares the statuses that follow from access, scope and input, and those of the own codes', () => {
    const operation: Operation = {
      operationId: 'makeThing',
      method: 'POST',
      path: '/organizations/:organization_id/things',
      summary: 'Makes a thing',
      access: 'users:write',
      scope: inOrganization,
      errors: ['user-exists'],
      status: 201,
      params: z.object({ organization_id: uuid }),
      body: z.strictObject({}),
      response: z.object({}),
    };
    const { paths } = openApiDocument({ makeThing: operation }, { version: '0' });
    const responses = paths['/organizations/{organization_id}/things']?.['post']?.responses ?? {};
    expect(Object.keys(responses)).toEqual([
      ...['201', '400', '401', '403', '404', '408', '409', '413', '415', '429', '431', '500', '503'],
    ]);
    expect(JSON.stringify(responses['409'])).toContain('user-exists');
  });

  it('says of every time in a query that it is unix seconds', () => {
    const times = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ parameters = [] }) => parameters)
      .filter(({ name, in: place }) => place === 'query' && /^(start|end)_(date|time)$/.test(name));
    expect(times.length).toBeGreaterThan(20);
    for (const { name, schema } of times) {
      expect([name, schema['type'], schema['minimum']]).toEqual([name, 'integer', 0]);
    }
  });

  it('gives a status for every code that it names', () => {
    for (const operation of all) {
      const { responses } = operationOf(operation.operationId);
      for (const code of operation.errors ?? []) {
        expect(responses).toHaveProperty(String(httpStatusOf(errorCatalogue[code].kind)));
      }
    }
  });
});
