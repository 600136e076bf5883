import { createHash } from 'node:crypto';
import { allocationFactLine, type AllocationFact } from '@cloudtuner/cost-model';
import { compatPath, type CompatEnd } from '@cloudtuner/metroculus-client';
import { routesFor, type Route } from '@cloudtuner/service-kit';
import { readCompatAllocations } from '../usecases/read-compat-allocations';
import { chunksOf, lastLine, linesContentType } from './lines';
import { windowOf, windowQuery } from './query-parameters';
import type { RouteDependencies } from './route-dependencies';

const routes = routesFor<undefined>();
function* allocationChunks(facts: readonly AllocationFact[]): Generator<string> {
  const hash = createHash('sha256');
  yield* chunksOf(facts, allocationFactLine, hash);
  const end: CompatEnd = { end: true, rows: facts.length, sha256: hash.digest('hex') };
  yield lastLine(end);
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
    contentType: linesContentType,
    async *handler({ query, signal }) {
      const context = { ...dependencies, podsPerPart: allocation.podsPerPart, ...compat, signal };
      yield* allocationChunks(await readCompatAllocations(query.cloud_account_id, windowOf(query), context));
    },
  });
}
