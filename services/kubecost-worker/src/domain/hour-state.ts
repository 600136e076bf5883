import type { AllocationFact, AssetFact } from '@cloudtuner/cost-model';

/** What was read of one (account, hour). */
export interface HourReading {
  readonly assets: readonly AssetFact[];
  /** What was taken of the assets, by whom; with what is idle and what nobody took they add up to them. */
  readonly allocations: readonly AllocationFact[];
  /** SHA-256 of the assets and the allocations. */
  readonly sha256: string;
  readonly measuredSeconds: number;
  /** How long anything was seen of a node, whatever is known of prices. */
  readonly observedSeconds: number;
  readonly expectedSeconds: number;
  /** Unix seconds; null without a sample. */
  readonly lastSampleSeconds: number | null;
  readonly flags: readonly string[];
}

/** Which version of an (account, hour) is current, and how good it is. */
export interface HourState {
  /** Start of the hour, unix seconds. */
  readonly hour: number;
  readonly dataVersion: string;
  /** When its data were asked for; the largest one is current. */
  readonly readAtMs: number;
  readonly closed: boolean;
  readonly assetRows: number;
  /** Null: it was stored without allocations. */
  readonly allocationRows: number | null;
  readonly measuredSeconds: number;
  readonly expectedSeconds: number;
  readonly lastSampleSeconds: number | null;
  readonly flags: readonly string[];
}

/**
 * The version that a reading gets. The running hour has versions of its own, which the store drops after some days: once a minute another
 * set of rows, of which only the last is ever of use.
 */
export const versionOf = (sha256: string, closed: boolean): string => (closed ? sha256 : `live-${sha256}`);

/** What to do with a reading. */
export type Decision =
  | { readonly kind: 'store'; readonly state: HourState }
  | { readonly kind: 'unchanged'; readonly state: HourState }
  /** The store of samples has forgotten what we have already: keep ours. */
  | { readonly kind: 'keep' }
  | { readonly kind: 'nothing' };

function sameAnswer(a: HourState, b: HourState): boolean {
  return (
    a.dataVersion === b.dataVersion &&
    a.closed === b.closed &&
    a.assetRows === b.assetRows &&
    a.allocationRows === b.allocationRows &&
    a.measuredSeconds === b.measuredSeconds &&
    // What is expected of a running hour grows with the clock alone.
    (a.expectedSeconds === b.expectedSeconds || !a.closed) &&
    a.lastSampleSeconds === b.lastSampleSeconds &&
    a.flags.length === b.flags.length &&
    a.flags.every((flag, index) => flag === b.flags[index])
  );
}

function isForgotten(current: HourState, { measuredSeconds, observedSeconds }: HourReading): boolean {
  return measuredSeconds < current.measuredSeconds && observedSeconds < current.measuredSeconds;
}

/**
 * Decides what becomes of a reading. A closed hour never opens again. Late samples only ever add measured time, so a reading of a closed
 * hour with less of it means that the store of samples is past its retention or has a hole, and the stored facts stay; or that prices were
 * taken back, when the samples are still seen for as long as was measured.
 */
export function decide(
  current: HourState | null,
  reading: HourReading,
  request: { readonly hour: number; readonly closed: boolean; readonly readAtMs: number },
): Decision {
  const closed = request.closed || current?.closed === true;
  if (!closed && current === null && reading.assets.length + reading.allocations.length === 0)
    return { kind: 'nothing' };
  if (current?.closed === true && isForgotten(current, reading)) return { kind: 'keep' };
  const state: HourState = {
    hour: request.hour,
    dataVersion: versionOf(reading.sha256, closed),
    // Larger than the current one whatever the clocks of two workers say.
    readAtMs: Math.max(request.readAtMs, (current?.readAtMs ?? 0) + 1),
    closed,
    assetRows: reading.assets.length,
    allocationRows: reading.allocations.length,
    measuredSeconds: reading.measuredSeconds,
    expectedSeconds: reading.expectedSeconds,
    lastSampleSeconds: reading.lastSampleSeconds,
    flags: reading.flags,
  };
  if (current !== null && sameAnswer(current, state)) return { kind: 'unchanged', state: current };
  return { kind: 'store', state };
}
