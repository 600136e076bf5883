import { dayOf, daySeconds, hourOf, hourSeconds } from './calendar';

/** What is read of a Kubecost: hours of allocations, days of assets, budgets as they are. */
export const extractKinds = ['allocation', 'assets', 'budgets'] as const;

export type ExtractKind = (typeof extractKinds)[number];

/** Which document of an (account, kind, window) is current. */
export interface ExtractState {
  readonly kind: ExtractKind;
  /** Of the window `[from, to)`; unix seconds. */
  readonly from: number;
  readonly to: number;
  readonly contentHash: string;
  /** When Kubecost was asked; the largest one is current. */
  readonly readAtMs: number;
  readonly product: string;
  readonly cluster: string;
  readonly rows: number;
  readonly bytes: number;
}

/**
 * How long after its end a window is read again, in its own length: Kubecost restates an hour for late samples within minutes, and
 * for the bill of the cloud up to two days later.
 */
const rereadAfter: Readonly<Record<ExtractKind, readonly number[]>> = {
  allocation: [1, 2, 4, 8, 16, 32, 48],
  assets: [1, 2],
  budgets: [],
};

interface Lookback {
  readonly nowMs: number;
  /** How far back windows are read. */
  readonly lookbackHours: number;
}

const lengthOf = (kind: ExtractKind): number => (kind === 'allocation' ? hourSeconds : daySeconds);

/** A window ends one length after its start, and a run may come one length late. */
const lateLengths = 2;

/** Start of the oldest window that is looked at, be it only to be read again; unix seconds. */
export function extractFrom(kind: ExtractKind, lookback: Lookback): number {
  const lengths = Math.max(0, ...rereadAfter[kind].map((after) => after + lateLengths));
  const rereadFrom = Math.floor(lookback.nowMs / 1_000 / lengthOf(kind)) * lengthOf(kind) - lengths * lengthOf(kind);
  return Math.min(oldestMissing(kind, lookback), rereadFrom);
}

/** Start of the oldest window that is read when it is not there; unix seconds. */
function oldestMissing(kind: ExtractKind, { nowMs, lookbackHours }: Lookback): number {
  const now = nowMs / 1_000;
  if (kind === 'allocation') return hourOf(now) - lookbackHours * hourSeconds;
  // Yesterday at least, however short it is.
  return kind === 'budgets' ? dayOf(now) : dayOf(now) - Math.ceil(lookbackHours / 24) * daySeconds;
}

function isDue(kind: ExtractKind, state: ExtractState | undefined, nowMs: number): boolean {
  if (state === undefined) return true;
  if (kind === 'budgets') return state.readAtMs < nowMs;
  return rereadAfter[kind].some((lengths) => {
    const atMs = (state.to + lengths * (state.to - state.from)) * 1_000;
    return state.readAtMs < atMs && atMs <= nowMs;
  });
}

/**
 * Starts of the windows to read now, the latest first: those that are not there, and those that may have been restated since they
 * were read. Budgets have no past: they are those of today.
 */
export function dueExtracts(kind: ExtractKind, stored: readonly ExtractState[], lookback: Lookback): readonly number[] {
  const length = lengthOf(kind);
  const byStart = new Map(stored.map((state) => [state.from, state]));
  const now = lookback.nowMs / 1_000;
  const newest = kind === 'budgets' ? dayOf(now) : Math.floor(now / length) * length - length;
  const missingFrom = oldestMissing(kind, lookback);
  const due: number[] = [];
  for (let start = newest; start >= extractFrom(kind, lookback); start -= length) {
    const state = byStart.get(start);
    if (state === undefined && start < missingFrom) continue;
    if (isDue(kind, state, lookback.nowMs)) due.push(start);
  }
  return due;
}

/** The window of a kind that begins there. */
export const extractWindow = (kind: ExtractKind, from: number) => ({ kind, from, to: from + lengthOf(kind) });
