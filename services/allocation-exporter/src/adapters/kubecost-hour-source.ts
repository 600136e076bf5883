import type { KubecostAsset, KubecostClient } from '@cloudtuner/kubecost-client';
import type { Logger } from '@cloudtuner/service-kit';
import type { ExportedAsset } from '../domain/exported-asset';
import { addRows, keyOf, type ExportedRow } from '../domain/exported-row';
import type { HourSource } from '../ports';
import { createIntern, toExportedRow } from './to-exported-row';

const msPerHour = 3_600_000;

const timeText = (timestampMs: number): string => `${new Date(timestampMs).toISOString().slice(0, 19)}Z`;

function toAsset(asset: KubecostAsset): ExportedAsset {
  const { properties, type } = asset;
  return {
    clusterId: properties?.cluster ?? '',
    type,
    category: properties?.category ?? '',
    name: properties?.name ?? '',
    providerId: properties?.providerID ?? '',
    nodeType: asset.nodeType ?? '',
    storageClass: asset.storageClass ?? '',
    minutes: asset.minutes ?? 0,
    cost: asset.totalCost ?? 0,
    cpuCores: asset.cpuCores,
    ramBytes: asset.ramBytes,
    gpus: asset.gpuCount,
    diskBytes: asset.bytes,
  };
}

/** Assets that have the same labels would be the same series: they become one. */
function distinct(assets: Iterable<ExportedAsset>): ExportedAsset[] {
  const byKey = new Map<string, ExportedAsset>();
  for (const asset of assets) {
    const key = [asset.clusterId, asset.type, asset.name, asset.providerId].join('\0');
    const before = byKey.get(key);
    byKey.set(key, before === undefined ? asset : { ...before, cost: before.cost + asset.cost });
  }
  return [...byKey.values()];
}

/** Reads hours by Kubecost's API. */
export function createKubecostHourSource(options: {
  readonly client: KubecostClient;
  readonly logger: Logger;
  /** Labels of pods that are served with their info. */
  readonly podLabels: readonly string[];
  readonly pageRows?: number | undefined;
}): HourSource {
  const { client, logger, podLabels, pageRows } = options;

  const readAssets = async (window: string, signal: AbortSignal): Promise<ExportedAsset[] | null> => {
    try {
      const sets = await client.getAssets({ window, signal });
      return distinct(sets.flatMap((set) => [...set.values()].map(toAsset)));
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ err: error, window }, 'the assets of an hour could not be read');
      return null;
    }
  };

  return {
    async readHour(hourStartMs, signal) {
      const window = `${timeText(hourStartMs)},${timeText(hourStartMs + msPerHour)}`;
      const intern = createIntern();
      const rows = await client.foldAllocations(
        { window, signal, ...(pageRows === undefined ? {} : { pageRows }) },
        () => new Map<string, ExportedRow>(),
        (found, allocation) => {
          const row = toExportedRow(allocation, podLabels, intern);
          if (row === undefined) return;
          const before = found.get(keyOf(row));
          found.set(keyOf(row), before === undefined ? row : addRows(before, row));
        },
      );
      return { startMs: hourStartMs, rows: [...rows.values()], assets: await readAssets(window, signal) };
    },
  };
}
