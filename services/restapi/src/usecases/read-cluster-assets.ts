import { msPerHour, type Nanos } from '@cloudtuner/cost-model';
import { costComponents, sumKnownNanos } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import { combineAssets, type ClusterAsset } from '../domain/assets';
import { sumCosts, type Costs } from '../domain/costs';
import type { LedgerEntry } from '../domain/ledger';
import type { AssetsReader, LiveAssetHour, LiveAssetsReader } from '../ports';
import { readLedger, type Ledger, type LedgerRequest, type LedgerSources } from './read-ledger';

/** What the assets of a cluster are read from. */
export interface AssetSources extends Omit<LedgerSources, 'live'> {
  readonly assets: AssetsReader;
  readonly liveAssets: LiveAssetsReader;
}

/** The assets of a window, and the ledger that they add up to. */
export interface ClusterAssets {
  readonly ledger: Ledger;
  readonly assets: readonly ClusterAsset[];
  /** Cost of the days whose assets are no longer kept; null when there is no such day. */
  readonly expiredCost: Nanos | null;
}

const isDay = ({ startMs, endMs }: LedgerEntry): boolean => endMs - startMs > msPerHour;

/** The costs of an entry are known only while its facts are there; of one whose facts are gone no asset may be counted. */
const hasFacts = ({ flags }: LedgerEntry): boolean => !flags.includes('facts-missing');

function sameCosts(a: Costs, b: Costs): boolean {
  return costComponents.every((component) => a.components[component] === b.components[component]);
}

// Versions that were superseded are removed some time after; a second reading of the ledger knows the new ones.
const attempts = 2;

/**
 * What a cluster ran on: the facts of exactly the hours that the ledger has, so that the assets add up to the costs that
 * every other route answers.
 *
 * @throws AppError `clickhouse-unavailable`
 */
export async function readClusterAssets(
  sources: AssetSources,
  account: CloudAccount,
  request: LedgerRequest,
): Promise<ClusterAssets> {
  for (let attempt = 1; ; attempt += 1) {
    const { ledger, live } = await readWithLiveAssets(sources, account, request);
    const hours = ledger.entries.filter((entry) => !isDay(entry));
    const liveAssets = (entry: LedgerEntry): LiveAssetHour | undefined => {
      const hour = live.get(entry.startMs);
      return hour?.entry.dataVersion === entry.dataVersion ? hour : undefined;
    };
    const stored = hours.filter((entry) => hasFacts(entry) && liveAssets(entry) === undefined);
    const facts = await sources.assets.readAssets(account.id, stored, request);
    const whole = sameCosts(sumCosts(facts.map(({ costs }) => costs)), sumCosts(stored.map(({ costs }) => costs)));
    if (!whole && attempt < attempts) continue;
    const parts = [...facts, ...hours.flatMap((entry) => liveAssets(entry)?.assets ?? [])];
    return {
      ledger: whole ? ledger : withMissingFacts(ledger),
      assets: combineAssets(parts),
      expiredCost: sumKnownNanos(ledger.entries.filter(isDay).map(({ costs }) => costs.total)),
    };
  }
}

/** Reads the ledger with live hours whose assets are kept. */
async function readWithLiveAssets(
  sources: AssetSources,
  account: CloudAccount,
  request: LedgerRequest,
): Promise<{ ledger: Ledger; live: ReadonlyMap<number, LiveAssetHour> }> {
  const live = new Map<number, LiveAssetHour>();
  const ledger = await readLedger(
    {
      ...sources,
      live: {
        async readHours(cloudAccountId, window, options) {
          const hours = await sources.liveAssets.readHours(cloudAccountId, window, options);
          for (const hour of hours) live.set(hour.entry.startMs, hour);
          return hours.map(({ entry }) => entry);
        },
      },
    },
    account,
    request,
  );
  return { ledger, live };
}

function withMissingFacts(ledger: Ledger): Ledger {
  const [first, ...others] = ledger.entries;
  if (first === undefined) return ledger;
  return { ...ledger, entries: [{ ...first, flags: [...first.flags, 'facts-missing'] }, ...others] };
}
