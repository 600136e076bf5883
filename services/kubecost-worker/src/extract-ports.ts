import type { ExtractKind, ExtractState } from './domain/extraction';
import type { FactTable } from './ports';

/** A window of whole hours or days, unix seconds: `[from, to)`. */
export interface ExtractWindow {
  readonly kind: ExtractKind;
  readonly from: number;
  readonly to: number;
}

/** One element of an answer, as text that is the same whenever the element is. */
export interface DocumentRow {
  /** Its place in the document. */
  readonly row: number;
  readonly name: string;
  /** JSON with sorted keys. */
  readonly body: string;
}

/** What a Kubecost answered of a window. */
export interface ExtractedDocument {
  readonly product: string;
  /** As Kubecost names the cluster; empty when no element tells. */
  readonly cluster: string;
  /** SHA-256 of the rows. */
  readonly contentHash: string;
  /** Sorted by name. */
  readonly rows: readonly DocumentRow[];
}

/** The Kubecosts of accounts. */
export interface DocumentReader {
  /** The whole answer, or none. @throws the errors of libs/kubecost-client */
  read(
    account: {
      readonly id: string;
      readonly organizationId: string;
      readonly endpoint: string;
      /** How Kubecost names the account’s cluster; absent: it may know only one. */
      readonly clusterId?: string | undefined;
    },
    window: ExtractWindow,
    signal: AbortSignal,
  ): Promise<ExtractedDocument>;
}

/** What was kept of answers. Which document of a window is current is one row, written last. */
export interface ExtractStore {
  /** What is current of the windows that begin at `from` or later; sorted by start. */
  list(cloudAccountId: string, kind: ExtractKind, from: number): Promise<readonly ExtractState[]>;
  /** Rows of documents of a window; `FactsKey.hour` is its start. */
  documents(window: ExtractWindow): FactTable<DocumentRow>;
  /** From now on this document is the current one, unless one that was read later is. */
  put(cloudAccountId: string, state: ExtractState): Promise<void>;
  /** The rows of a document in order, as they were stored. */
  readDocument(cloudAccountId: string, state: ExtractState): Promise<readonly DocumentRow[]>;
  /** Of each account and kind: end of the newest window, when any was last read, and which product answered. */
  newest(cloudAccountIds: readonly string[]): Promise<
    readonly {
      readonly cloudAccountId: string;
      readonly kind: ExtractKind;
      readonly end: number;
      readonly readAtMs: number;
      readonly product: string;
    }[]
  >;
}

/** Has jobs of extraction asked for when they are due. @throws `queue-unavailable` */
export interface ExtractSchedulers {
  ensure(kind: ExtractKind, cloudAccountId: string, cron: string): Promise<void>;
  remove(kind: ExtractKind, cloudAccountId: string): Promise<void>;
  /** Accounts that have one. */
  list(kind: ExtractKind): Promise<readonly string[]>;
}

/** How old what we have of an account's Kubecost is. */
export interface ExtractAge {
  readonly cloudAccountId: string;
  readonly kind: ExtractKind;
  readonly seconds: number;
}
