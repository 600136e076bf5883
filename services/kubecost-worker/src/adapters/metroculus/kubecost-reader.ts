import type { MetroculusClient } from '@cloudtuner/metroculus-client';
import { hourSeconds } from '../../domain/calendar';
import type { KubecostReader } from '../../ports';

/** Kubecost's own figures as metroculus reads them from the samples. */
export function createKubecostReader(
  client: Pick<MetroculusClient, 'getKubecostStatements' | 'getKubecostFigures'>,
): KubecostReader {
  return {
    async saidIn(cloudAccountId, hour, signal) {
      const window = { cloudAccountId, startSeconds: hour, endSeconds: hour + hourSeconds, signal };
      const { statements } = await client.getKubecostStatements(window);
      return statements.map((statement) => ({ hour: statement.hour, saidAtMs: statement.said_at_ms }));
    },
    async figures(cloudAccountId, { hour, saidAtMs }, signal) {
      const { rows, end } = await client.getKubecostFigures({ cloudAccountId, hourSeconds: hour, saidAtMs, signal });
      return end.whole ? { rows, sha256: end.sha256 } : null;
    },
  };
}
