import { permissions } from './operation';
import { operations } from './operations';

const all = Object.entries(operations);

describe('the contract', () => {
  it('names every operation by its key and gives no method and path twice', () => {
    for (const [key, { operationId }] of all) expect(operationId).toBe(key);
    const addresses = all.map(([, { method, path }]) => `${method} ${path}`);
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it('scopes every operation that needs a permission, and declares the id that scopes it as a UUID', () => {
    for (const [, operation] of all) {
      const scoped = permissions.some((permission) => permission === operation.access);
      expect('scope' in operation).toBe(scoped);
      if (!('scope' in operation)) continue;
      const { from, field } = operation.scope;
      const declared: unknown = Reflect.get(operation, from);
      const shape = (declared as { shape: Record<string, { safeParse(input: unknown): { success: boolean } }> }).shape;
      expect(shape[field]?.safeParse('not-a-uuid').success).toBe(false);
      expect(shape[field]?.safeParse({ $ne: null }).success).toBe(false);
    }
  });

  it('has a parameter schema for exactly the parameters of the path', () => {
    for (const [, operation] of all) {
      const names = [...operation.path.matchAll(/:([a-z_]+)/g)].map(([, name]) => name);
      const declared = 'params' in operation ? Object.keys(operation.params.shape) : [];
      expect(declared.sort()).toEqual(names.sort());
    }
  });
});
