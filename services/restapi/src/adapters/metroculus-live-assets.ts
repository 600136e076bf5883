import { AppError } from '@cloudtuner/errors';
import { hoursOf, msPerHour, nanosOrNull } from '@cloudtuner/cost-model';
import type { AssetRow, KubecostAssets, MetroculusClient } from '@cloudtuner/metroculus-client';
import type { Logger } from '@cloudtuner/service-kit';
import { quantitiesFrom, type ClusterAsset } from '../domain/assets';
import { componentsFrom, costsOf, sumCosts } from '../domain/costs';
import type { LiveAssetHour, LiveAssetsReader } from '../ports';

function toAsset(row: AssetRow, startMs: number): ClusterAsset {
  return {
    assetType: row.asset_type,
    name: row.asset_key,
    providerId: row.provider_id,
    properties: row.properties,
    startMs,
    endMs: startMs + msPerHour,
    coveredSeconds: row.covered_seconds,
    quantities: quantitiesFrom((name) => row[name]),
    costs: costsOf(componentsFrom((component) => nanosOrNull(row[component]))),
  };
}

function toHour(startMs: number, { rows, end }: KubecostAssets): LiveAssetHour {
  const assets = rows.map((row) => toAsset(row, startMs));
  return {
    entry: {
      startMs,
      endMs: startMs + msPerHour,
      costs: sumCosts(assets.map(({ costs }) => costs)),
      measuredSeconds: end.measured_seconds,
      closed: false,
      dataVersion: end.sha256,
      lastSampleMs: end.last_sample_at === null ? null : end.last_sample_at * 1000,
      flags: end.flags,
    },
    assets,
  };
}

const observed = ({ entry }: LiveAssetHour): boolean => entry.lastSampleMs !== null || entry.measuredSeconds > 0;

/** Live assets from metroculus, within the deadline whatever the client's own retries would do. */
export function createMetroculusLiveAssets(
  client: Pick<MetroculusClient, 'getKubecostAssets'>,
  { logger, now }: { logger: Logger; now: () => number },
): LiveAssetsReader {
  return {
    async readHours(cloudAccountId, window, { deadlineMs, signal }) {
      const remainingMs = deadlineMs - now();
      if (remainingMs <= 0) throw new AppError('metroculus-timeout', 'No time is left for live assets.');
      // The first hour that fails ends the others: without one of them the answer uses the stored ones.
      const failed = new AbortController();
      const deadline = AbortSignal.any([signal, failed.signal, AbortSignal.timeout(remainingMs)]);
      try {
        const hours = await Promise.all(
          hoursOf(window).map(async ({ startMs, endMs }) => {
            const [startSeconds, endSeconds] = [startMs / 1000, endMs / 1000];
            const answer = await client.getKubecostAssets({
              cloudAccountId,
              startSeconds,
              endSeconds,
              signal: deadline,
            });
            return toHour(startMs, answer);
          }),
        );
        return hours.filter(observed);
      } catch (error) {
        failed.abort();
        logger.warn({ err: error, cloud_account_id: cloudAccountId }, 'no live assets');
        throw error;
      }
    },
  };
}
