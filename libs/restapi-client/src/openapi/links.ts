import type { Operation } from '../contract/operation';

const partsOf = ({ path }: Operation): string[] => path.split('/').filter((part) => part !== '');
const namesOf = (operation: Operation): string[] =>
  partsOf(operation).flatMap((part) => (part.startsWith(':') ? [part.slice(1)] : []));

/** True when the target asks for what the operation makes: `/pools` makes what `/pools/:pool_id` is about. */
function leadsTo(operation: Operation, target: Operation): boolean {
  const parts = partsOf(target);
  const place = parts.indexOf(`:${operation.creates ?? ''}`);
  // Tokens of persons and of services go by the same name in different collections.
  return place > 0 && parts[place - 1] === partsOf(operation).at(-1);
}

/** Links from what an operation has made to the operations that are about it, with the ids that both have in their paths. */
export function linksOf(operation: Operation, operations: readonly Operation[]): { links?: unknown } {
  const { creates } = operation;
  if (creates === undefined) return {};
  const shared = (target: Operation): [string, string][] =>
    namesOf(target)
      .filter((name) => name !== creates && namesOf(operation).includes(name))
      .map((name) => [name, `$request.path.${name}`]);
  const links = operations
    .filter((target) => leadsTo(operation, target))
    .map(({ operationId, ...target }) => {
      const parameters = Object.fromEntries([[creates, '$response.body#/id'], ...shared({ operationId, ...target })]);
      return [operationId, { operationId, parameters }] as const;
    });
  return { links: Object.fromEntries(links) };
}
