import type { ExportColumn } from './domain/exports/export-column';

/** Writes rows in a format, batch by batch: memory holds one batch, however many there are. */
export type ExportEncoder = <Row>(
  columns: readonly ExportColumn<Row>[],
  batches: AsyncIterable<readonly Row[]>,
  /** False: it is put behind what was sent before. */
  options: { readonly header: boolean },
) => AsyncGenerator<string | Uint8Array>;

/** The formats of exports. */
export interface ExportEncoders {
  readonly csv: ExportEncoder;
  readonly parquet: ExportEncoder;
}
