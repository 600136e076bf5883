import { contentTypeOf } from './content-types';

describe('contentTypeOf', () => {
  it.each([
    ['JSON', 'application/json; charset=UTF-8'],
    ['JSONCompact', 'application/json; charset=UTF-8'],
    ['JSONEachRow', 'application/x-ndjson; charset=UTF-8'],
    ['JSONCompactEachRowWithNamesAndTypes', 'application/x-ndjson; charset=UTF-8'],
    ['JSONStringsEachRow', 'application/x-ndjson; charset=UTF-8'],
    ['TabSeparated', 'text/tab-separated-values; charset=UTF-8'],
    ['TSVWithNames', 'text/tab-separated-values; charset=UTF-8'],
    ['CSVWithNames', 'text/csv; charset=UTF-8'],
    ['Parquet', 'application/octet-stream'],
    ['Pretty', 'text/plain; charset=UTF-8'],
  ])('says for %s: %s', (format, contentType) => {
    expect(contentTypeOf(format)).toBe(contentType);
  });
});
