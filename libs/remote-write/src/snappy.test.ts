import { isAppError } from '@cloudtuner/errors';
import fc from 'fast-check';
import * as snappyjs from 'snappyjs';
import { createWriteKernel } from './kernel';
import { compressSnappy } from './snappy-compress';
import { decompressSnappy } from './snappy-decompress';

const maxDecodedBytes = 1 << 20;
const decode = (...bytes: number[]): string =>
  Buffer.from(decompressSnappy(Buffer.from(bytes), { maxDecodedBytes })).toString('latin1');

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isAppError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

const [a, b, c] = [0x61, 0x62, 0x63];

describe('decompressSnappy', () => {
  // Elements written by hand from google/snappy format_description.txt.
  it('decodes literals and all kinds of copies', () => {
    expect(decode(0)).toBe('');
    expect(decode(3, 2 << 2, a, b, c)).toBe('abc');
    expect(decode(3, 60 << 2, 2, a, b, c)).toBe('abc');
    expect(decode(3, 61 << 2, 2, 0, a, b, c)).toBe('abc');
    expect(decode(3, 63 << 2, 2, 0, 0, 0, a, b, c)).toBe('abc');
    expect(decode(7, 2 << 2, a, b, c, 0b000_000_01, 3)).toBe('abcabca');
    expect(decode(8, 2 << 2, a, b, c, (4 << 2) | 2, 2, 0)).toBe('abcbcbcb');
    expect(decode(9, 2 << 2, a, b, c, (5 << 2) | 3, 1, 0, 0, 0)).toBe('abccccccc');
  });

  it.each([
    ['an empty body', []],
    ['a length that is cut off', [0x80]],
    ['a length of more than 32 bits', [0xff, 0xff, 0xff, 0xff, 0x7f, 0]],
    ['a length that never ends', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]],
    ['a literal that is cut off', [3, 2 << 2, a, b]],
    ['a literal longer than 31 bits', [3, 63 << 2, 0xff, 0xff, 0xff, 0xff, a]],
    ['less than declared', [4, 2 << 2, a, b, c]],
    ['more than declared', [2, 2 << 2, a, b, c]],
    ['a copy beyond what is declared', [4, 2 << 2, a, b, c, 0b000_000_01, 3]],
    ['a copy before the beginning', [7, 2 << 2, a, b, c, 0b000_000_01, 4]],
    ['a copy of offset 0', [7, 2 << 2, a, b, c, 0b000_000_01, 0]],
    ['a copy without its offset', [7, 2 << 2, a, b, c, 0b000_000_01]],
    ['an offset beyond 31 bits', [9, 2 << 2, a, b, c, (5 << 2) | 3, 0, 0, 0, 0x80]],
    ['the framed format', [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]],
  ])('refuses %s', (_what, bytes) => {
    expect(codeOf(() => decode(...bytes))).toBe('snappy-malformed');
  });

  it('refuses 4 GiB declared in seven bytes without allocating them', () => {
    const before = process.memoryUsage().arrayBuffers;
    const bomb = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]);
    expect(codeOf(() => decompressSnappy(bomb, { maxDecodedBytes }))).toBe('decoded-body-too-large');
    // Within the limit, but more than so few bytes can ever hold.
    expect(codeOf(() => decompressSnappy(bomb, { maxDecodedBytes: 2 ** 32 }))).toBe('snappy-malformed');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });

  it('accepts the limit itself and refuses one byte more', () => {
    const body = compressSnappy(Buffer.alloc(1000));
    expect(decompressSnappy(body, { maxDecodedBytes: 1000 })).toHaveLength(1000);
    expect(codeOf(() => decompressSnappy(body, { maxDecodedBytes: 999 }))).toBe('decoded-body-too-large');
  });

  it('decodes one body after the other in a kernel, and never reads what the last one left', () => {
    const kernel = createWriteKernel();
    const secret = decompressSnappy(compressSnappy(Buffer.alloc(100, 'S')), { maxDecodedBytes, kernel });
    expect(Buffer.from(secret).toString()).toBe('S'.repeat(100));
    const decoded = decompressSnappy(Buffer.from([3, 2 << 2, a, b, c]), { maxDecodedBytes, kernel });
    expect(decoded.buffer).toBe(secret.buffer);
    expect(Buffer.from(decoded).toString()).toBe('abc');
    // A copy from before the beginning would show the body before.
    const peek = Buffer.from([4, 0, a, (2 << 2) | 2, 50, 0]);
    expect(codeOf(() => decompressSnappy(peek, { maxDecodedBytes, kernel }))).toBe('snappy-malformed');
  });

  it('gives the memory of a large body back with the next small one', () => {
    const kernel = createWriteKernel();
    const limit = 64 * 1024 * 1024;
    const large = decompressSnappy(compressSnappy(Buffer.alloc(32 * 1024 * 1024, 'x')), {
      maxDecodedBytes: limit,
      kernel,
    });
    expect(Buffer.from(large.subarray(-3)).toString()).toBe('xxx');
    const small = decompressSnappy(Buffer.from([3, 2 << 2, a, b, c]), { maxDecodedBytes: limit, kernel });
    expect(small.buffer.byteLength).toBeLessThan(1024 * 1024);
    expect(Buffer.from(small).toString()).toBe('abc');
  });

  it('decodes what the native and the JavaScript compressor write', () => {
    const repetitive = fc
      .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 60 })), {
        maxLength: 40,
      })
      .map((runs) => Buffer.concat(runs.flatMap(([run, times]) => Array.from({ length: times }, () => run))));
    const kernel = createWriteKernel();
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 3000 }).map(Buffer.from)), (bytes) => {
        for (const body of [compressSnappy(bytes), Buffer.from(snappyjs.compress(bytes))]) {
          expect(Buffer.compare(decompressSnappy(body, { maxDecodedBytes, kernel }), bytes)).toBe(0);
        }
      }),
    );
  });

  it('answers arbitrary and damaged bodies with a result that snappyjs shares, or a code', () => {
    const damaged = fc
      .tuple(fc.string({ maxLength: 400 }), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
      .map(([text, changes, cut]) => {
        const body = Buffer.from(compressSnappy(Buffer.from(text.repeat(3))));
        for (const [position, byte] of changes) body[position % body.length] = byte;
        return cut % 3 === 0 ? body.subarray(0, cut % (body.length + 1)) : body;
      });
    const outcomes = new Set<string>();
    const kernel = createWriteKernel();
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (body) => {
        let decoded: Uint8Array | undefined;
        const code = codeOf(() => (decoded = decompressSnappy(body, { maxDecodedBytes, kernel })));
        outcomes.add(code);
        expect(['accepted', 'snappy-malformed', 'decoded-body-too-large']).toContain(code);
        if (decoded !== undefined) {
          expect(Buffer.compare(Buffer.from(snappyjs.uncompress(Buffer.from(body))), Buffer.from(decoded))).toBe(0);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(outcomes).toContain('accepted');
    expect(outcomes).toContain('snappy-malformed');
  });
});
