import { Gauge, type Registry } from '@cloudtuner/service-kit';
import type { Log } from './ports';

/** How full a disk of ClickHouse is. */
export interface DiskSpace {
  readonly disk: string;
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/** A day that cost much more than the day before. */
export interface CostSpike {
  readonly cloudAccountId: string;
  readonly date: string;
  /** Cost of the day ÷ that of the day before. */
  readonly ratio: number;
}

/** By how much a day may cost more than the day before: half of it. */
const spikeFactor = 1.5;
const mostRemembered = 10_000;

/** Says once of each spike which account it is: tenants are no labels of metrics. */
function createSpikeLog(logger: Log): (spikes: readonly CostSpike[]) => void {
  const said = new Set<string>();
  return (spikes) => {
    for (const { cloudAccountId, date, ratio } of spikes) {
      const key = `${cloudAccountId} ${date}`;
      if (said.has(key)) continue;
      if (said.size >= mostRemembered) said.clear();
      said.add(key);
      logger.warn({ cloudAccountId, date, ratio }, 'a day cost more than half as much again as the day before');
    }
  };
}

/** What is read from ClickHouse when the metrics are; while it cannot be had it is left out. */
export function watchStores(
  registry: Registry,
  logger: Log,
  read: {
    readonly disks: () => Promise<readonly DiskSpace[]>;
    readonly spikes: (factor: number) => Promise<readonly CostSpike[]>;
  },
): void {
  const registers = [registry];
  const used = new Gauge({
    name: 'kubecost_worker_disk_used_bytes',
    help: 'Used bytes of each disk of the server of ClickHouse that answers.',
    labelNames: ['disk'] as const,
    registers,
  });
  const total = new Gauge({
    name: 'kubecost_worker_disk_size_bytes',
    help: 'Bytes of each disk of the server of ClickHouse that answers.',
    labelNames: ['disk'] as const,
    registers,
    async collect() {
      used.reset();
      total.reset();
      for (const { disk, totalBytes, usedBytes } of await read.disks().catch(() => [])) {
        total.set({ disk }, totalBytes);
        used.set({ disk }, usedBytes);
      }
    },
  });
  const log = createSpikeLog(logger);
  const spikes = new Gauge({
    name: 'kubecost_worker_cost_spike_accounts',
    help: 'Accounts whose last closed day cost more than half as much again as the day before. The log names them.',
    registers,
    async collect() {
      const found = await read.spikes(spikeFactor).catch(() => undefined);
      spikes.remove();
      if (found === undefined) return;
      spikes.set(found.length);
      log(found);
    },
  });
}
