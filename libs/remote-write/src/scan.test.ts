import { isAppError } from '@cloudtuner/errors';
import fc from 'fast-check';
import { parse } from 'protobufjs';
import { decodeWriteRequest } from './decode';
import { encodeWriteRequest } from './encode';
import { scanWriteRequest } from './scan';

// Names and values as bytes, so that text decoding hides no difference; histograms with what the scanner reads of them.
const protobuf = parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated bytes metadata = 3; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4; }
  message Label { bytes name = 1; bytes value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Exemplar { repeated bytes labels = 1; double value = 2; int64 timestamp = 3; }
  message Histogram { int64 timestamp = 15; }
`).root.lookupType('WriteRequest');

interface Seen {
  readonly labels: readonly (readonly [string, string])[];
  readonly counts: readonly number[];
  readonly minTimestampMs: number;
  readonly maxTimestampMs: number;
}

const limits = { maxSeries: 1_000, maxSamples: 1_000, labelCapacity: 100 };

function scanAll(bytes: Uint8Array): Seen[] {
  const seen: Seen[] = [];
  scanWriteRequest(bytes, limits, (series) => {
    const text = (start: number, end: number): string => Buffer.from(bytes.subarray(start, end)).toString('hex');
    seen.push({
      labels: Array.from({ length: series.labelCount }, (_, label) => [
        text(series.nameStart(label), series.nameEnd(label)),
        text(series.valueStart(label), series.valueEnd(label)),
      ]),
      counts: [series.sampleCount, series.exemplarCount, series.histogramCount],
      minTimestampMs: series.minTimestampMs,
      maxTimestampMs: series.maxTimestampMs,
    });
  });
  return seen;
}

interface Timed {
  timestamp: number;
}
interface DecodedSeries {
  labels: { name: Buffer; value: Buffer }[];
  samples: Timed[];
  exemplars: Timed[];
  histograms: Timed[];
}

function independently(bytes: Uint8Array): Seen[] {
  const options = { longs: Number, arrays: true, defaults: true };
  const { timeseries } = protobuf.toObject(protobuf.decode(bytes), options) as { timeseries: DecodedSeries[] };
  return timeseries.map(({ labels, samples, exemplars, histograms }) => {
    const times = [...samples, ...exemplars, ...histograms].map((timed) => timed.timestamp);
    return {
      labels: labels.map(({ name, value }) => [Buffer.from(name).toString('hex'), Buffer.from(value).toString('hex')]),
      counts: [samples.length, exemplars.length, histograms.length],
      minTimestampMs: Math.min(...times),
      maxTimestampMs: Math.max(...times),
    };
  });
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isAppError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

const timed = fc.record({ value: fc.double(), timestampMs: fc.integer({ min: -1e15, max: 1e15 }) });
const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ minLength: 120, maxLength: 300 }));
const validBytes = fc
  .array(
    fc.record({
      labels: fc.array(fc.record({ name: text, value: text }), { maxLength: 6 }),
      samples: fc.array(timed, { maxLength: 3 }),
      exemplars: fc.array(
        timed.map((one) => ({ ...one, labels: [] })),
        { maxLength: 1 },
      ),
      histograms: fc.array(fc.constantFrom(Buffer.from([0x78, 0x05]), Buffer.from([0x20, 0x03])), { maxLength: 1 }),
    }),
    { maxLength: 5 },
  )
  .map((timeseries) => encodeWriteRequest({ timeseries }));
const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
const changedBytes = fc.tuple(validBytes, changes).map(([valid, edits]) => {
  const bytes = Buffer.from(valid);
  for (const [position, byte] of edits) if (bytes.length > 0) bytes[position % bytes.length] = byte;
  return bytes;
});

describe('scanWriteRequest', () => {
  it('sees in every valid request what a full decode sees', () => {
    fc.assert(
      fc.property(validBytes, (bytes) => {
        expect(scanAll(bytes)).toEqual(independently(bytes));
      }),
    );
  });

  it('sees in every damaged request that it accepts what a full decode sees', () => {
    let accepted = 0;
    fc.assert(
      fc.property(changedBytes, (bytes) => {
        const code = codeOf(() => scanAll(bytes));
        expect(['accepted', 'protobuf-malformed']).toContain(code);
        if (code !== 'accepted') return;
        accepted += 1;
        expect(scanAll(bytes)).toEqual(independently(bytes));
      }),
      { numRuns: 1_000 },
    );
    expect(accepted).toBeGreaterThan(30);
  });

  it('answers arbitrary and cut bytes with a result or a code', () => {
    const cutBytes = fc.tuple(validBytes, fc.nat()).map(([valid, at]) => valid.subarray(0, at % (valid.length + 1)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), cutBytes), (bytes) => {
        expect(['accepted', 'protobuf-malformed']).toContain(codeOf(() => scanAll(bytes)));
        expect(['accepted', 'protobuf-malformed']).toContain(codeOf(() => decodeWriteRequest(bytes)));
      }),
      { numRuns: 1_000 },
    );
  });

  const oneLabel = [0x0a, 0x06, 0x0a, 0x01, 0x61, 0x12, 0x01, 0x62];

  it('reads labels in forms that no sender writes but every reader accepts', () => {
    const overlongTag = [0x8a, 0x80, 0x00, 0x06, 0x0a, 0x01, 0x61, 0x12, 0x01, 0x62];
    const overlongLength = [0x0a, 0x86, 0x00, 0x0a, 0x01, 0x61, 0x12, 0x01, 0x62];
    const valueFirst = [0x0a, 0x06, 0x12, 0x01, 0x62, 0x0a, 0x01, 0x61];
    const nameTwice = [0x0a, 0x09, 0x0a, 0x01, 0x7a, 0x0a, 0x01, 0x61, 0x12, 0x01, 0x62];
    const nameAfterValue = [0x0a, 0x09, 0x0a, 0x01, 0x7a, 0x12, 0x01, 0x62, 0x0a, 0x01, 0x61];
    const unknownField = [0x0a, 0x08, 0x0a, 0x01, 0x61, 0x12, 0x01, 0x62, 0x38, 0x01];
    for (const label of [oneLabel, overlongTag, overlongLength, valueFirst, nameTwice, nameAfterValue, unknownField]) {
      const bytes = Buffer.from([0x0a, label.length, ...label]);
      expect(scanAll(bytes)[0]?.labels).toEqual([['61', '62']]);
      expect(independently(bytes)[0]?.labels).toEqual([['61', '62']]);
    }
  });

  it.each([
    [
      'a tag whose cut-down field number would be a label',
      [0x0a, 0x0d, 0x8a, 0x80, 0x80, 0x80, 0x80, 0x01, 0x06, 0x0a, 0x01, 0x61, 0x12, 0x01, 0x62],
    ],
    ['a field number of more than 29 bits', [0xba, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00]],
    ['a tag of six bytes', [0x8a, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00]],
    ['a length of six bytes', [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['a number of eleven bytes', [0x18, ...Array.from({ length: 10 }, () => 0x80), 0x01]],
    ['a number of more than 64 bits', [0x20, ...Array.from({ length: 9 }, () => 0xff), 0x02]],
    ['a length past the end', [0x0a, 0x05, 0x0a]],
    ['a length of 2^63', [0x0a, ...Array.from({ length: 9 }, () => 0x80), 0x01]],
    ['field number 0', [0x02, 0x00]],
    ['a series as a number', [0x08, 0x01]],
    ['a label as a number', [0x0a, 0x02, 0x08, 0x01]],
    ['a timestamp as text', [0x0a, 0x04, 0x12, 0x02, 0x12, 0x00]],
    ['a label longer than its series', [0x0a, 0x03, 0x0a, 0x06, 0x0a, 0x01, 0x61, 0x12, 0x01, 0x62]],
    ['a group that ends but never began', [0x24]],
    ['a group that never ends', [0x23, 0x08, 0x01]],
    ['wire type 6', [0x26, 0x00]],
  ])('refuses %s', (_what, bytes) => {
    expect(codeOf(() => scanAll(Buffer.from(bytes)))).toBe('protobuf-malformed');
    expect(codeOf(() => decodeWriteRequest(Buffer.from(bytes)))).toBe('protobuf-malformed');
  });

  it('skips unknown fields of every wire type', () => {
    const unknown = [
      0x20, 0x01, 0x2a, 0x01, 0x00, 0x31, 0, 0, 0, 0, 0, 0, 0, 0, 0x3d, 0, 0, 0, 0, 0x43, 0x08, 0x01, 0x44,
    ];
    const bytes = Buffer.from([...unknown, 0x0a, oneLabel.length, ...oneLabel, ...unknown]);
    expect(scanAll(bytes)).toHaveLength(1);
  });

  it('refuses 200,000 nested groups without exhausting the stack', () => {
    const groups = Buffer.concat([Buffer.alloc(200_000, 0x23), Buffer.alloc(200_000, 0x24)]);
    expect(codeOf(() => scanAll(groups))).toBe('protobuf-malformed');
  });

  it('reads the extremes of int64 timestamps with their sign', () => {
    const withTimestamp = (varint: number[]): Buffer => {
      const sample = [0x10, ...varint];
      return Buffer.from([0x0a, sample.length + 2, 0x12, sample.length, ...sample]);
    };
    const ones = Array.from({ length: 8 }, () => 0xff);
    expect(scanAll(withTimestamp([0xff, ...ones, 0x01]))[0]?.maxTimestampMs).toBe(-1);
    expect(scanAll(withTimestamp([0xff, ...ones, 0x7f].slice(0, 9).with(8, 0x7f)))[0]?.maxTimestampMs).toBe(2 ** 63);
    expect(scanAll(withTimestamp([...Array.from({ length: 9 }, () => 0x80), 0x01]))[0]?.minTimestampMs).toBe(
      -(2 ** 63),
    );
  });

  it('stops at too many series or samples', () => {
    const samples = [{ value: 1, timestampMs: 1 }];
    const bytes = encodeWriteRequest({ timeseries: [1, 2, 3].map(() => ({ labels: [], samples })) });
    const scan = (maxSeries: number, maxSamples: number): string =>
      codeOf(() => scanWriteRequest(bytes, { maxSeries, maxSamples, labelCapacity: 10 }, () => undefined));
    expect(scan(3, 3)).toBe('accepted');
    expect(scan(2, 3)).toBe('too-many-series');
    expect(scan(3, 2)).toBe('too-many-samples');
  });

  it('counts labels beyond the capacity without keeping them', () => {
    const labels = Array.from({ length: 100_000 }, (_, index) => ({ name: `l${String(index)}`, value: 'v' }));
    let labelCount = 0;
    scanWriteRequest(encodeWriteRequest({ timeseries: [{ labels, samples: [] }] }), limits, (series) => {
      labelCount = series.labelCount;
    });
    expect(labelCount).toBe(100_000);
  });
});
