import { compressSnappy, encodeWriteRequest, encodeWriteRequestV2, type TimeSeries } from '@cloudtuner/remote-write';
import { bodyOf, seriesOf, validBody } from './gateway';

const mebibyte = 1024 * 1024;
/** Whatever of these bodies was stored has this name. */
export const attackedMetric = 'attacked';
const int64Max = 2 ** 63 - 1024;

/** A body that nobody may store, and what is said of it. */
export interface AttackBody {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  readonly version?: '2';
  body(): Uint8Array;
}

type Row = readonly [name: string, status: number, code: string, body: () => Uint8Array];

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const compressed = (hex: string) => () => compressSnappy(bytes(hex));
const series = (labels: Readonly<Record<string, string>>, timestampMs?: number) => () =>
  bodyOf({ timeseries: [seriesOf(labels, timestampMs)] });
const pairs =
  (...labels: readonly (readonly [string, string])[]) =>
  (): Buffer => {
    const one: TimeSeries = {
      labels: labels.map(([name, value]) => ({ name, value })),
      samples: [{ value: 1, timestampMs: Date.now() }],
    };
    return bodyOf({ timeseries: [one] });
  };
/** The same series with the bytes of one text replaced by others of the same length. */
const withBytes = (text: string, replacement: Buffer) => (): Buffer => {
  const raw = encodeWriteRequest({ timeseries: [seriesOf({ __name__: attackedMetric, job: text })] });
  replacement.copy(raw, raw.indexOf(text));
  return compressSnappy(raw);
};
/** A good snappy body whose declared length, one byte here, is another. */
const declaring = (change: number) => (): Buffer => {
  const body = Buffer.from(compressSnappy(Buffer.from('0123456789abcdef')));
  body[0] = (body[0] ?? 0) + change;
  return body;
};

const snappy: readonly Row[] = [
  ['4 GiB declared in seven bytes', 413, 'decoded-body-too-large', () => bytes('ffffffff0f 0000')],
  ['256 MiB of zeros in 12 MiB', 413, 'body-too-large', () => compressSnappy(Buffer.alloc(256 * mebibyte))],
  ['40 MiB of zeros in 2 MiB', 413, 'decoded-body-too-large', () => compressSnappy(Buffer.alloc(40 * mebibyte))],
  ['a declared length that is too small', 400, 'snappy-malformed', declaring(-1)],
  ['a declared length that is too large', 400, 'snappy-malformed', declaring(1)],
  // 8 bytes: a literal of one byte, then a copy of 4 bytes from 9 before it.
  ['a copy from before the beginning', 400, 'snappy-malformed', () => bytes('05 00 61 0109')],
  ['a copy from zero back', 400, 'snappy-malformed', () => bytes('05 00 61 0100')],
  ['a declared length of eleven bytes', 400, 'snappy-malformed', () => bytes('ffffffffffffffffffff01 00')],
  ['a body that is not snappy', 400, 'snappy-malformed', () => Buffer.from('hello world')],
  ['framed snappy', 400, 'snappy-malformed', () => bytes('ff060000734e61507059')],
  ['an empty body', 400, 'snappy-malformed', () => Buffer.alloc(0)],
  ['snappy cut in the middle', 400, 'snappy-malformed', () => validBody().subarray(0, -3)],
];

const protobuf: readonly (readonly [string, () => Uint8Array])[] = [
  ['protobuf cut in the middle', compressed('0a20 0a')],
  ['a varint of eleven bytes', compressed('08 ffffffffffffffffffff01')],
  ['a length past the end', compressed('0a 7f 00')],
  ['a length of 2^63', compressed('0a 80808080808080808001')],
  ['a length of 2^64 - 1', compressed('0a ffffffffffffffffff01')],
  ['field number 0', compressed('02 00')],
  ['an unknown wire type', compressed('0f')],
  ['series as a number', compressed('08 01')],
  ['200,000 nested groups', () => compressSnappy(Buffer.alloc(200_000, 0x23))],
];

const labels: readonly Row[] = [
  ['no metric name', 400, 'metric-name-missing', series({ job: 'x' })],
  ['an empty metric name', 400, 'metric-name-missing', series({ __name__: '' })],
  ['an empty label set', 400, 'metric-name-missing', series({})],
  ['an empty label name', 400, 'label-name-empty', pairs(['', 'x'], ['__name__', attackedMetric])],
  ['a label twice', 400, 'label-name-duplicate', pairs(['__name__', attackedMetric], ['job', 'a'], ['job', 'b'])],
  [
    'tenant_id twice',
    400,
    'label-name-duplicate',
    pairs(['__name__', attackedMetric], ['tenant_id', 'a'], ['tenant_id', 'b']),
  ],
  ['a value that is not UTF-8', 400, 'label-not-utf8', withBytes('abcd', bytes('61ff6262'))],
  ['an overlong slash', 400, 'label-not-utf8', withBytes('abcd', bytes('61c0af62'))],
  ['half a surrogate', 400, 'label-not-utf8', withBytes('abcd', bytes('61eda080'))],
  [
    'a label name of 64 KiB',
    400,
    'label-name-too-long',
    series({ __name__: attackedMetric, ['n'.repeat(65_536)]: 'x' }),
  ],
  [
    'a label value of 1 MiB',
    400,
    'label-value-too-long',
    series({ __name__: attackedMetric, n: 'v'.repeat(mebibyte) }),
  ],
  [
    '100,000 labels',
    400,
    'too-many-labels',
    () =>
      pairs(
        ['__name__', attackedMetric],
        ...Array.from({ length: 100_000 }, (_, i) => [`l${String(i)}`, 'v'] as const),
      )(),
  ],
  [
    '20,001 series',
    413,
    'too-many-series',
    () => bodyOf({ timeseries: Array.from({ length: 20_001 }, () => seriesOf({ __name__: attackedMetric })) }),
  ],
];

const times: readonly Row[] = [
  [
    'a sample of next year',
    400,
    'sample-too-far-in-future',
    series({ __name__: attackedMetric }, Date.now() + 365 * 86_400_000),
  ],
  ['a sample at the largest time', 400, 'sample-too-far-in-future', series({ __name__: attackedMetric }, int64Max)],
  ['a sample at zero', 400, 'sample-timestamp-not-positive', series({ __name__: attackedMetric }, 0)],
  ['a sample at minus one', 400, 'sample-timestamp-not-positive', series({ __name__: attackedMetric }, -1)],
  [
    'a sample at the smallest time',
    400,
    'sample-timestamp-not-positive',
    series({ __name__: attackedMetric }, -(2 ** 63)),
  ],
];

// symbols: "", "__name__", "up"; a series with references and no sample.
const symbols = '2200 22085f5f6e616d655f5f 22027570';
const version2: readonly AttackBody[] = [
  ['a symbol out of range', 'symbol-reference-invalid', `${symbols} 2a04 0a020103`],
  ['a symbol at 2^32 - 1', 'symbol-reference-invalid', `${symbols} 2a08 0a0601ffffffff0f`],
  ['an odd number of references', 'symbol-reference-invalid', `${symbols} 2a05 0a03010201`],
  [
    'symbols that do not begin with the empty one',
    'symbol-reference-invalid',
    '22085f5f6e616d655f5f 22027570 2a04 0a020001',
  ],
  ['series and no symbols', 'symbol-reference-invalid', '2a04 0a020102'],
].map(([name = '', code = '', hex = '']) => ({
  name,
  status: 400,
  code,
  version: '2' as const,
  body: compressed(hex),
}));

const version2Labels: readonly AttackBody[] = [
  {
    name: 'tenant_id twice by symbols',
    status: 400,
    code: 'label-name-duplicate',
    version: '2',
    body: () =>
      compressSnappy(
        encodeWriteRequestV2({
          timeseries: [
            {
              labels: [
                { name: '__name__', value: attackedMetric },
                { name: 'tenant_id', value: 'a' },
                { name: 'tenant_id', value: 'b' },
              ],
              samples: [{ value: 1, timestampMs: Date.now() }],
            },
          ],
        }),
      ),
  },
];

/** Every body of the catalogue of attacks that is refused as a whole. */
export const attackBodies: readonly AttackBody[] = [
  ...[...snappy, ...labels, ...times].map(([name, status, code, body]) => ({ name, status, code, body })),
  ...protobuf.map(([name, body]) => ({ name, status: 400, code: 'protobuf-malformed', body })),
  ...version2,
  ...version2Labels,
];
