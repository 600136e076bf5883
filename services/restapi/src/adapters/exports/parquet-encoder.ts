import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ExportColumn } from '../../domain/exports/export-column';

const types = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  // As ClickHouse has them: Decimal(18, 9).
  amount: { type: 'INT64', converted_type: 'DECIMAL', precision: 18, scale: 9 },
  quantity: { type: 'DOUBLE' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
} as const satisfies Readonly<Record<string, Omit<SchemaElement, 'name'>>>;

function schemaOf<Row>(columns: readonly ExportColumn<Row>[]): SchemaElement[] {
  return [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, kind }) => ({ name, repetition_type: 'OPTIONAL' as const, ...types[kind] })),
  ];
}

/** What was written since the last time. */
function taken(writer: ByteWriter): Uint8Array {
  const bytes = new Uint8Array(writer.getBuffer());
  writer.index = 0;
  return bytes;
}

const dataOf = <Row>(column: ExportColumn<Row>, rows: readonly Row[]): unknown[] =>
  column.kind === 'time' ? rows.map((row) => BigInt(column.of(row))) : rows.map((row) => column.of(row));

/** A Parquet file, a row group for each batch. */
export async function* encodeParquet<Row>(
  columns: readonly ExportColumn<Row>[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema: schemaOf(columns), createdBy: 'cloudtuner' });
  for await (const rows of batches) {
    if (rows.length === 0) continue;
    const columnData = columns.map((column) => ({ name: column.name, data: dataOf(column, rows), offsetIndex: false }));
    await parquet.write({ columnData, rowGroupSize: rows.length });
    yield taken(writer);
  }
  await parquet.finish();
  yield taken(writer);
}
