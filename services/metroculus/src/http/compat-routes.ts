import { createHash } from 'node:crypto';
import { allocationFactLine, type AllocationFact } from '@cloudtuner/cost-model';
import { compatPath, type CompatEnd } from '@cloudtuner/metroculus-client';
import { routesFor, type Route } from '@cloudtuner/service-kit';
import { readCompatAllocations } from '../usecases/read-compat-allocations';
import { windowOf, windowQuery } from './query-parameters';
import type { RouteDependencies } from './route-dependencies';

const routes = routesFor<undefined>();
const linesPerChunk = 200;

function* chunksOf(facts: readonly AllocationFact[]): Generator<string> {
  const hash = createHash('sha256');
  for (let from = 0; from < facts.length; from += linesPerChunk) {
    const chunk = facts
      .slice(from, from + linesPerChunk)
      .map(allocationFactLine)
      .join('');
    hash.update(chunk);
    yield chunk;
  }
  const end: CompatEnd = { end: true, rows: facts.length, sha256: hash.digest('hex') };
  yield `${JSON.stringify(end)}\n`;
}

/** Allocations by OpenCost's arithmetic. */
export function compatRoute({ allocation, compat, ...dependencies }: RouteDependencies): Route<undefined> {
  return routes.defineStreamRoute({
    method: 'get',
    path: compatPath,
    operationId: 'getKubecostCompatAllocations',
    summary:
      'The allocations of a window of up to a day by OpenCost’s arithmetic of 2024, one per line, with a last line that proves they are all.',
    access: 'service',
    query: windowQuery,
    contentType: 'application/x-ndjson',
    async *handler({ query, signal }) {
      const context = { ...dependencies, podsPerPart: allocation.podsPerPart, ...compat, signal };
      yield* chunksOf(await readCompatAllocations(query.cloud_account_id, windowOf(query), context));
    },
  });
}
