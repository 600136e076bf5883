import { createHash } from 'node:crypto';
import { assetFactLine } from '@cloudtuner/cost-model';
import { readAssetsStream } from './assets-stream';
import { managementFee as fact } from './testing/management-fee';

const line = assetFactLine(fact);
const otherLine = assetFactLine({ ...fact, asset_key: 'ürün 😀' });

function endOf(rows: readonly string[], wrong: object = {}): string {
  const sha256 = createHash('sha256').update(rows.join('')).digest('hex');
  const end = { end: true, rows: rows.length, sha256, measured_seconds: 3600, expected_seconds: 3600 };
  return `${JSON.stringify({ ...end, last_sample_at: null, flags: [], ...wrong })}\n`;
}

const rows = [line, otherLine];
const complete = rows.join('') + endOf(rows);

describe('readAssetsStream', () => {
  it('gives the rows and the line that proves them', () => {
    const { rows: read, end } = readAssetsStream(complete);
    expect(read).toEqual([fact, { ...fact, asset_key: 'ürün 😀' }]);
    expect(end).toMatchObject({ rows: 2, measured_seconds: 3600 });
  });

  it('takes an hour without rows', () => {
    // SHA-256 of nothing
    expect(readAssetsStream(endOf([])).end.sha256).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  it('refuses a stream cut at any byte', () => {
    const bytes = Buffer.from(complete);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => readAssetsStream(bytes.subarray(0, length).toString())).toThrow(
        'The stream of an hour is not complete',
      );
    }
  });

  it.each([
    ['a row missing', line + endOf(rows)],
    ['a row twice', line + line + otherLine + endOf(rows)],
    ['rows in another order', otherLine + line + endOf(rows)],
    ['a changed cost', complete.replace('"total_cost":"0.100000000"', '"total_cost":"0.200000000"')],
    ['another count', rows.join('') + endOf(rows, { rows: 3 })],
    ['another hash', rows.join('') + endOf(rows, { sha256: '0'.repeat(64) })],
    ['an end that lacks a field', rows.join('') + endOf(rows, { flags: undefined })],
    ['two ends', complete + endOf([])],
    ['something after the end', `${complete}{}\n`],
    ['a row that is not of the contract', `{"asset_type":"cat"}\n${endOf(['{"asset_type":"cat"}\n'])}`],
    ['an error page', '<html></html>'],
  ])('refuses %s', (_what, text) => {
    expect(() => readAssetsStream(text)).toThrow('The stream of an hour is not complete');
  });
});
