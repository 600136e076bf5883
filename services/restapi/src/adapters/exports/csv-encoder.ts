import { formatNanos } from '@cloudtuner/cost-model';
import { stringify } from 'csv-stringify/sync';
import type { ExportColumn } from '../../domain/exports/export-column';

/** Amounts stay integers here: only of numbers does the escaping of formulas leave the sign alone. */
function cellOf<Row>(column: ExportColumn<Row>, row: Row): string | number | bigint | null {
  return column.kind === 'time' ? new Date(column.of(row)).toISOString().replace('.000Z', 'Z') : column.of(row);
}

/** With the exponent as NumericFormat of FOCUS has it: a capital E, and a sign only before a negative one. */
const numberText = (value: number): string => String(value).replace(/e\+?/, 'E');

/** CSV (RFC 4180) in UTF-8: exact amounts, times of ISO 8601, unknown is empty; no cell is taken for a formula. */
export async function* encodeCsv<Row>(
  columns: readonly ExportColumn<Row>[],
  batches: AsyncIterable<readonly Row[]>,
  { header }: { readonly header: boolean },
): AsyncGenerator<string> {
  const options = { escape_formulas: true, cast: { bigint: formatNanos, number: numberText } };
  if (header) yield stringify([columns.map(({ name }) => name)]);
  for await (const rows of batches) {
    if (rows.length > 0)
      yield stringify(
        rows.map((row) => columns.map((column) => cellOf(column, row))),
        options,
      );
  }
}
