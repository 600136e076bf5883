import { createHash } from 'node:crypto';
import { msPerHour } from '@cloudtuner/cost-model';
import {
  kubecostFigureLine,
  kubecostStatementsSchema,
  statementPaths,
  type FiguresEnd,
  type KubecostFigure,
} from '@cloudtuner/metroculus-client';
import { routesFor, type Route } from '@cloudtuner/service-kit';
import { z } from 'zod';
import { elapsedPart } from '../usecases/read-assets';
import { readFigures, readStatements } from '../usecases/read-statements';
import { chunksOf, lastLine, linesContentType } from './lines';
import { endsAfterItStarts, mustEndAfterItStarts, windowFields, windowOf } from './query-parameters';
import type { RouteDependencies } from './route-dependencies';

const routes = routesFor<undefined>();
const access = 'service';
const maxWindowSeconds = 7_200;
const secondsPerHour = msPerHour / 1000;

const statementsQuery = z
  .strictObject(windowFields)
  .refine(endsAfterItStarts, mustEndAfterItStarts)
  .refine(({ start_date, end_date }) => end_date - start_date <= maxWindowSeconds, {
    path: ['end_date'],
    error: 'must be at most two hours after start_date',
  });

const digits = (length: number): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> =>
  z
    .string({ error: ({ input }) => (input === undefined ? 'is required' : 'must be given once') })
    .regex(new RegExp(`^\\d{1,${String(length)}}$`), 'must be a whole number')
    .transform(Number);

const figuresQuery = z
  .strictObject({
    cloud_account_id: windowFields.cloud_account_id,
    /** Unix seconds. */
    hour: digits(10),
    /** Unix milliseconds. */
    said_at_ms: digits(13),
  })
  .refine(({ hour }) => hour % secondsPerHour === 0, { path: ['hour'], error: 'must be the start of an hour' });

type Dependencies = Pick<RouteDependencies, 'store' | 'allocation' | 'nowMs'>;

function statementsRoute({ store, nowMs }: Dependencies): Route<undefined> {
  return routes.defineRoute({
    method: 'get',
    path: statementPaths.statements,
    operationId: 'getKubecostStatements',
    summary: 'Of which closed hours figures of Kubecost itself were scraped in a window, and when.',
    access,
    query: statementsQuery,
    response: kubecostStatementsSchema,
    handler: async ({ query, signal }) => {
      const window = elapsedPart(windowOf(query), nowMs());
      const statements = await readStatements(query.cloud_account_id, window, { store, signal });
      return {
        ...query,
        statements: statements.map(({ hourStartMs, saidAtMs }) => ({
          hour: hourStartMs / 1000,
          said_at_ms: [...saidAtMs],
        })),
      };
    },
  });
}

function* figureChunks(figures: readonly KubecostFigure[] | null): Generator<string> {
  const hash = createHash('sha256');
  const rows = figures ?? [];
  yield* chunksOf(rows, kubecostFigureLine, hash);
  const end: FiguresEnd = { end: true, whole: figures !== null, rows: rows.length, sha256: hash.digest('hex') };
  yield lastLine(end);
}

function figuresRoute({ store, allocation }: Dependencies): Route<undefined> {
  return routes.defineStreamRoute({
    method: 'get',
    path: statementPaths.figures,
    operationId: 'getKubecostFigures',
    summary:
      'What Kubecost itself said of a closed hour in one scrape, a container a line, with a last line that proves they are all.',
    access,
    query: figuresQuery,
    contentType: linesContentType,
    async *handler({ query: { cloud_account_id: tenantId, hour, said_at_ms: saidAtMs }, signal }) {
      const asked = { hourStartMs: hour * 1000, saidAtMs };
      yield* figureChunks(await allocation.turn(signal, () => readFigures(tenantId, asked, { store, signal })));
    },
  });
}

/** The routes of what Kubecost itself says. */
export function createStatementRoutes(dependencies: Dependencies): Route<undefined>[] {
  return [statementsRoute(dependencies), figuresRoute(dependencies)];
}
