import { createHash } from 'node:crypto';
import { allocationFactLine, assetFactLine, emptyAllocation, type AllocationFact } from '@cloudtuner/cost-model';
import { readAllocationsStream } from './allocations-stream';
import { streamLines } from './stream-lines';
import { managementFee } from './testing/management-fee';

const container: AllocationFact = {
  ...emptyAllocation,
  kind: 'container',
  namespace: 'shop',
  pod: 'web-1',
  container: 'ürün 😀',
  labels: { team: 'ü' },
  cpu_cost: '0.250000000',
  total_cost: '0.250000000',
};
const fee: AllocationFact = {
  ...emptyAllocation,
  kind: 'unattributed',
  asset_type: 'management',
  asset_key: 'EKS',
  management_cost: '0.100000000',
  total_cost: '0.100000000',
};
const assetLine = assetFactLine(managementFee);
const [containerLine, feeLine] = [container, fee].map(allocationFactLine) as [string, string];

function endOf(lines: readonly string[], wrong: object = {}): string {
  const end = {
    end: true,
    asset_rows: lines.filter((line) => line.startsWith('{"asset_type"')).length,
    rows: lines.filter((line) => line.startsWith('{"kind"')).length,
    sha256: createHash('sha256').update(lines.join('')).digest('hex'),
    measured_seconds: 3600,
    expected_seconds: 3600,
    last_sample_at: null,
    flags: ['coverage-gap'],
  };
  return `${JSON.stringify({ ...end, ...wrong })}\n`;
}

const lines = [assetLine, containerLine, feeLine];
const complete = lines.join('') + endOf(lines);

/** The text in pieces of some bytes each, as a network might cut it. */
async function* inPieces(text: string, bytesPerPiece = 64 * 1024): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += bytesPerPiece) {
    yield Promise.resolve(bytes.subarray(from, from + bytesPerPiece));
  }
}
async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield Promise.resolve(bytes);
}
const read = (text: string, bytesPerPiece?: number) => readAllocationsStream(inPieces(text, bytesPerPiece));

describe('readAllocationsStream', () => {
  it.each([1, 2, 3, 7, 100, 1_000_000])('gives all rows of a stream that comes in pieces of %d bytes', async (size) => {
    const { assets, allocations, end } = await read(complete, size);
    expect(assets).toEqual([managementFee]);
    expect(allocations).toEqual([container, fee]);
    expect(end).toMatchObject({ asset_rows: 1, rows: 2, measured_seconds: 3600, flags: ['coverage-gap'] });
  });

  it('takes an hour without rows', async () => {
    // SHA-256 of nothing
    const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expect((await read(endOf([]))).end).toMatchObject({ asset_rows: 0, rows: 0, sha256 });
  });

  it('refuses a stream cut at any byte', async () => {
    const bytes = Buffer.from(complete);
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(readAllocationsStream(onePiece(bytes.subarray(0, length)))).rejects.toMatchObject({
        code: 'metroculus-incomplete-stream',
      });
    }
  });

  it.each([
    ['a missing allocation', assetLine + containerLine + endOf(lines)],
    ['a missing asset', containerLine + feeLine + endOf(lines)],
    ['an asset twice instead of an allocation', assetLine + assetLine + containerLine + endOf(lines)],
    ['an allocation twice', assetLine + containerLine + containerLine + endOf(lines)],
    ['allocations in another order', assetLine + feeLine + containerLine + endOf(lines)],
    ['an asset after the allocations', containerLine + assetLine + endOf([containerLine, assetLine])],
    ['a changed cost', complete.replace('"cpu_cost":"0.250000000"', '"cpu_cost":"0.260000000"')],
    ['another count of allocations', lines.join('') + endOf(lines, { rows: 3 })],
    ['another count of assets', lines.join('') + endOf(lines, { asset_rows: 2 })],
    ['another hash', lines.join('') + endOf(lines, { sha256: '0'.repeat(64) })],
    ['an end that lacks a field', lines.join('') + endOf(lines, { asset_rows: undefined })],
    ['the end of a stream of assets', assetLine + endOf([assetLine], { asset_rows: undefined, rows: 1 })],
    ['two ends', complete + endOf([])],
    ['rows after the end', complete + containerLine],
    ['an allocation that is not of the contract', `{"kind":"cat"}\n${endOf(['{"kind":"cat"}\n'])}`],
    ['an error page', '<html></html>\n'],
    ['nothing', ''],
  ])('refuses %s', async (_what, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'metroculus-incomplete-stream' });
  });
});

describe('streamLines', () => {
  const linesOf = async (text: string, maxLineBytes: number, bytesPerPiece: number) => {
    const found: string[] = [];
    for await (const line of streamLines(inPieces(text, bytesPerPiece), maxLineBytes)) found.push(line.toString());
    return found;
  };

  it('gives lines up to the limit, newline included', async () => {
    expect(await linesOf('abc\n\nabcd\n', 5, 4)).toEqual(['abc\n', '\n', 'abcd\n']);
  });

  it.each([1, 100])('refuses a longer line, also before its end has come (pieces of %d bytes)', async (size) => {
    await expect(linesOf('abc\nabcde\n', 5, size)).rejects.toThrow('a line is too long');
    await expect(linesOf('abc\nabcdef', 5, size)).rejects.toThrow('a line is too long');
  });

  it('stops reading at a line that is too long', async () => {
    let pieces = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        pieces += 1;
        yield Promise.resolve(Buffer.alloc(10, 'a'));
      }
    }
    const readAll = async () => {
      for await (const line of streamLines(endless(), 95)) throw new Error(line.toString());
    };
    await expect(readAll()).rejects.toThrow('a line is too long');
    expect(pieces).toBe(10);
  });
});
