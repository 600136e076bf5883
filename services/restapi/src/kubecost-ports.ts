import type { KubecostAllocation, KubecostAsset } from '@cloudtuner/kubecost-client';
import type { TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';

/** When an answer is of no use any more. */
export interface LiveBounds {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** A question that Kubecost can be asked as it is. */
export interface LiveQuestion {
  readonly window: TimeWindow;
  readonly aggregate: readonly string[];
  /** As `2h`; null for one step. */
  readonly step: string | null;
  readonly idle: 'separate' | 'hidden' | 'shared';
  /** Only what is in this namespace. Not every version heeds it: rows of others have to be left out by the asker. */
  readonly namespace?: string;
}

/**
 * The Kubecosts of accounts, asked while an answer waits: within the deadline, whatever they do.
 *
 * Every method @throws the errors of libs/kubecost-client, `kubecost-timeout` when the deadline has passed.
 */
export interface LiveKubecost {
  /** The rows of every step. */
  allocations(
    account: CloudAccount,
    question: LiveQuestion,
    bounds: LiveBounds,
  ): Promise<readonly KubecostAllocation[]>;
  /** The assets of every window, in their order. */
  assets(
    account: CloudAccount,
    windows: readonly TimeWindow[],
    bounds: LiveBounds,
  ): Promise<readonly (readonly KubecostAsset[])[]>;
}

/** Told of every try to answer from a Kubecost: `answered`, or the code of why not. */
export type ObserveLive = (outcome: string, seconds: number) => void;
