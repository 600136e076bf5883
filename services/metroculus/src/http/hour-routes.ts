import { createHash } from 'node:crypto';
import { allocationFactLine, assetFactLine, type AllocatedHour } from '@cloudtuner/cost-model';
import { metroculusPaths, type AllocationsEnd, type AssetsEnd } from '@cloudtuner/metroculus-client';
import { routesFor, type Route } from '@cloudtuner/service-kit';
import { readAllocations } from '../usecases/read-allocations';
import { readAssets, type AssetHour } from '../usecases/read-assets';
import { chunksOf, lastLine, linesContentType, linesPerChunk } from './lines';
import { secondsOrNull } from './present-time';
import { hourQuery, windowOf } from './query-parameters';
import type { RouteDependencies } from './route-dependencies';

const routes = routesFor<undefined>();
const access = 'service';

function endOf(
  hour: Pick<AllocatedHour, 'measuredSeconds' | 'observedSeconds' | 'expectedSeconds' | 'lastSampleMs'> & {
    readonly flags: readonly string[];
  },
): Pick<AssetsEnd, 'measured_seconds' | 'observed_seconds' | 'expected_seconds' | 'last_sample_at' | 'flags'> {
  return {
    measured_seconds: hour.measuredSeconds,
    observed_seconds: hour.observedSeconds,
    expected_seconds: hour.expectedSeconds,
    last_sample_at: secondsOrNull(hour.lastSampleMs),
    flags: [...hour.flags],
  };
}

function* assetChunks(hour: AssetHour): Generator<string> {
  for (let from = 0; from < hour.lines.length; from += linesPerChunk) {
    yield hour.lines.slice(from, from + linesPerChunk).join('');
  }
  const end: AssetsEnd = { end: true, rows: hour.lines.length, sha256: hour.dataVersion, ...endOf(hour) };
  yield lastLine(end);
}

/** The assets of an hour. */
export function assetsRoute(dependencies: RouteDependencies): Route<undefined> {
  return routes.defineStreamRoute({
    method: 'get',
    path: metroculusPaths.assets,
    operationId: 'getKubecostAssets',
    summary: 'The assets of one hour, one per line, with a last line that proves they are all.',
    access,
    query: hourQuery,
    contentType: linesContentType,
    async *handler({ query, signal }) {
      const { cloud_account_id: tenantId } = query;
      const prices = await dependencies.priceBooks.find(tenantId);
      yield* assetChunks(await readAssets(tenantId, windowOf(query), { ...dependencies, prices, signal }));
    },
  });
}

function* allocationChunks(hour: AllocatedHour): Generator<string> {
  const { assets, allocations } = hour;
  const hash = createHash('sha256');
  yield* chunksOf(assets, assetFactLine, hash);
  yield* chunksOf(allocations, allocationFactLine, hash);
  const counts = { asset_rows: assets.length, rows: allocations.length };
  const end: AllocationsEnd = { end: true, ...counts, sha256: hash.digest('hex'), ...endOf(hour) };
  yield lastLine(end);
}

/** The assets of an hour and what became of them. */
export function allocationsRoute({ allocation, ...dependencies }: RouteDependencies): Route<undefined> {
  return routes.defineStreamRoute({
    method: 'get',
    path: metroculusPaths.allocations,
    operationId: 'getKubecostAllocations',
    summary: 'The assets of one hour and its allocations, one per line, with a last line that proves they are all.',
    access,
    query: hourQuery,
    contentType: linesContentType,
    async *handler({ query, signal }) {
      const { cloud_account_id: tenantId } = query;
      const prices = await dependencies.priceBooks.find(tenantId);
      const context = { ...dependencies, ...allocation, prices, signal };
      yield* allocationChunks(await readAllocations(tenantId, windowOf(query), context));
    },
  });
}
