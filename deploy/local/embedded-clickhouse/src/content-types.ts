const tabSeparated = 'text/tab-separated-values; charset=UTF-8';
const commaSeparated = 'text/csv; charset=UTF-8';
const json = 'application/json; charset=UTF-8';
const lines = 'application/x-ndjson; charset=UTF-8';
const binary = 'application/octet-stream';

const prefixes: readonly (readonly [prefix: RegExp, contentType: string])[] = [
  [/^(TabSeparated|TSV|TSKV)/i, tabSeparated],
  [/^CSV/i, commaSeparated],
  [/^(JSON|JSONStrings)?(Compact)?(Strings)?EachRow|^JSON\w*EachRow|^NDJSON/i, lines],
  [/^JSON/i, json],
  [/^XML/i, 'application/xml; charset=UTF-8'],
  [/^(Native|RowBinary|Parquet|ORC|Arrow|Avro|Protobuf|MsgPack|BSON|CapnProto|Npy)/i, binary],
];

/**
 * The Content-Type of a result.
 *
 * @param format - name of an output format
 */
export function contentTypeOf(format: string): string {
  return prefixes.find(([prefix]) => prefix.test(format))?.[1] ?? 'text/plain; charset=UTF-8';
}
