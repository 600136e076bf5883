import type { Nanos } from '@cloudtuner/cost-model';

/** A charge of a bill: one record of a FOCUS file. */
export interface BillRow {
  /** Number of the record in its file, the first being 1. */
  readonly record: number;
  /** `YYYY-MM-DD`: the UTC day on which the charge period begins. The whole charge belongs to it. */
  readonly date: string;
  /** Unix seconds. */
  readonly chargePeriodStart: number;
  /** Unix seconds, not in the period. */
  readonly chargePeriodEnd: number;
  readonly chargeCategory: string;
  readonly serviceName: string;
  /** Empty where the charge has none, as the five below. */
  readonly region: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly resourceName: string;
  readonly subAccountId: string;
  /** What a node or a disk of a cluster would be matched by. */
  readonly providerKey: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly billedCost: Nanos;
  readonly effectiveCost: Nanos;
}

/** A rule that a record breaks. */
export interface BillFault {
  readonly line: number;
  /** Empty when it is about the record as a whole. */
  readonly column: string;
  readonly reason: FaultReason;
}

/** The rules. */
export type FaultReason =
  | 'malformed-csv'
  | 'wrong-number-of-columns'
  | 'missing'
  | 'not-a-number'
  | 'number-too-large'
  | 'not-a-time'
  | 'period-not-positive'
  | 'not-an-allowed-value'
  | 'another-currency'
  | 'not-a-json-object'
  | 'too-long';

/** What a record says, or every rule that it breaks. */
export type ReadRecord = { readonly row: BillRow } | { readonly faults: readonly BillFault[] };

/** A record as it was read: a text per column, null where there is none. */
export interface BillRecord {
  /** Line on which it begins; the number of the row in a Parquet file. */
  readonly line: number;
  readonly cells: readonly (string | null)[];
}
