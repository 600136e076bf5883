import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { toAppError } from '@cloudtuner/errors';

/** The same client; each query is told of: the route it is for, how it ended (`answered` or the code of the error), and how long it took. */
export function timedClickhouse(
  client: ClickhouseClient,
  observe: (route: string, outcome: string, seconds: number) => void,
): ClickhouseClient {
  return {
    ...client,
    async query(request) {
      const startMs = performance.now();
      const tell = (outcome: string): void => {
        observe(request.tag.route, outcome, (performance.now() - startMs) / 1000);
      };
      try {
        const rows = await client.query(request);
        tell('answered');
        return rows;
      } catch (error) {
        tell(toAppError(error).code.replaceAll('-', '_'));
        throw error;
      }
    },
  };
}
