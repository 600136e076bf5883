import type { Nanos } from '@cloudtuner/cost-model';

/** Kinds of columns, with what their cells are; null is unknown. */
export type ExportColumn<Row> = { readonly name: string } & (
  | { readonly kind: 'text'; readonly of: (row: Row) => string | null }
  | { readonly kind: 'amount'; readonly of: (row: Row) => Nanos | null }
  | { readonly kind: 'quantity'; readonly of: (row: Row) => number | null }
  /** Milliseconds since 1970. */
  | { readonly kind: 'time'; readonly of: (row: Row) => number }
);

/** A row with its place in the export, after which it can go on. */
export type Placed<Row> = Row & { readonly cursor: string };

/** A part of an export. */
export interface ExportPart {
  /** The last row that the client has; undefined from the beginning. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** Rows up to a limit. */
export async function* upTo<Row>(
  batches: AsyncIterable<readonly Row[]>,
  limit: number,
): AsyncGenerator<readonly Row[]> {
  let left = limit;
  for await (const batch of batches) {
    yield batch.length <= left ? batch : batch.slice(0, left);
    left -= batch.length;
    if (left <= 0) return;
  }
}
