import type { AllocationPeriod, HourWindow, PeriodVersion } from '@cloudtuner/clickhouse';

/** A day, week or month all of whose days have sums, and the version that its own have when they are made of these. */
export type SummablePeriod = AllocationPeriod & PeriodVersion;

/** What is stored of the sums of calendar periods. Nobody reads one before it is named, and then only while its days are these. */
export interface PeriodStore {
  /** Those of a window (unix seconds, whole days), as their days are now; newest first. */
  findSummable(cloudAccountId: string, window: HourWindow): Promise<readonly SummablePeriod[]>;
  /** Which versions are named of periods that begin in a window. */
  findNamed(cloudAccountId: string, window: HourWindow): Promise<readonly PeriodVersion[]>;
  /** Versions that are not named, of the periods of which one was named between two moments. */
  findSuperseded(
    cloudAccountId: string,
    between: { readonly sinceMs: number; readonly beforeMs: number },
  ): Promise<readonly PeriodVersion[]>;
  /** Sums the days by pod and by every dimension; each step with this token is done once. */
  insert(cloudAccountId: string, period: SummablePeriod, token: string): Promise<void>;
  /** Whether every dimension is there and made of the same rows and costs as the days. */
  isBalanced(cloudAccountId: string, period: SummablePeriod): Promise<boolean>;
  remove(cloudAccountId: string, versions: readonly PeriodVersion[]): Promise<void>;
  /** From now on readers may take this version. */
  name(cloudAccountId: string, period: PeriodVersion, writtenAtMs: number): Promise<void>;
}
