import { HistogramReader } from './histogram-check';
import { encodeHistogram } from './testing/histograms';
import { WireCursor } from './wire-cursor';

// Buckets 2, 1, 3 (deltas 2, -1, 2) and a zero bucket of 4: 10 observations.
const integer = {
  countInt: 10,
  sum: 7.5,
  schema: 3,
  zeroThreshold: 0.001,
  zeroCountInt: 4,
  positiveSpans: [
    { offset: -2, length: 2 },
    { offset: 1, length: 1 },
  ],
  positiveDeltas: [2, -1, 2],
  timestamp: 5,
};
const float = {
  countFloat: 6.5,
  sum: 1,
  schema: -4,
  zeroCountFloat: 0.5,
  negativeSpans: [{ offset: 0, length: 2 }],
  negativeCounts: [2, 4],
  timestamp: 5,
};
const custom = {
  countInt: 6,
  sum: 1,
  schema: -53,
  positiveSpans: [{ offset: 0, length: 3 }],
  positiveDeltas: [1, 1, 1],
  customValues: [0.1, 1],
  timestamp: 5,
};

function isTaken(fields: Readonly<Record<string, unknown>>): boolean {
  const bytes = encodeHistogram(fields);
  return new HistogramReader(new WireCursor(bytes)).read(bytes.length);
}

describe('HistogramReader', () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['integer counts that add up', integer],
    ['float counts', float],
    ['custom buckets, one more than bounds', custom],
    ['nothing observed', { timestamp: 5 }],
    ['a stale marker, whose sum is NaN', { sum: Number.NaN, timestamp: 5 }],
    ['fewer observations in buckets than counted, when the sum is NaN', { ...integer, countInt: 11, sum: Number.NaN }],
    ['float counts that do not add up: they are rounded', { ...float, countFloat: 3 }],
    ['counts beyond 2^53', { countInt: '9007199254740993', zeroCountInt: '9007199254740993', timestamp: 5 }],
  ])('takes %s', (_what, fields) => {
    expect(isTaken(fields)).toBe(true);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['a count that is not the sum of the buckets', { ...integer, countInt: 11 }],
    ['more observations in buckets than counted', { ...integer, countInt: 9, sum: Number.NaN }],
    ['a count beyond 2^53 that is 1 off', { countInt: '9007199254740993', zeroCountInt: '9007199254740992' }],
    ['a bucket below zero', { ...integer, positiveDeltas: [2, -3, 2] }],
    ['more buckets than spans say', { ...integer, positiveDeltas: [2, -1, 2, 0] }],
    ['spans without buckets', { ...float, negativeCounts: [] }],
    ['a span of 4 billion buckets', { positiveSpans: [{ offset: 0, length: 4294967295 }], timestamp: 5 }],
    ['a later span that goes back', { ...integer, positiveSpans: [{ length: 2 }, { offset: -1, length: 1 }] }],
    ['a negative float bucket', { ...float, negativeCounts: [2, -4] }],
    ['a negative float count', { ...float, countFloat: -1 }],
    ['a negative float zero count', { ...float, zeroCountFloat: -1 }],
    ['schema 9', { ...integer, schema: 9 }],
    ['schema -5', { ...integer, schema: -5 }],
    ['custom bounds of an exponential schema', { ...integer, customValues: [1] }],
    ['custom buckets beyond the bounds', { ...custom, customValues: [1] }],
    ['custom bounds that do not ascend', { ...custom, customValues: [1, 1] }],
    ['a custom bound of NaN', { ...custom, customValues: [0.1, Number.NaN] }],
    ['a custom bound of +Inf', { ...custom, customValues: [0.1, Infinity] }],
    ['custom buckets that begin below the first', { ...custom, positiveSpans: [{ offset: -1, length: 3 }] }],
    ['a zero count with custom buckets', { ...custom, zeroCountInt: 1, countInt: 7 }],
    ['a zero threshold with custom buckets', { ...custom, zeroThreshold: 1 }],
    ['negative custom buckets', { ...custom, negativeSpans: [{ length: 1 }], negativeDeltas: [0] }],
  ])('refuses %s', (_what, fields) => {
    expect(isTaken(fields)).toBe(false);
  });

  it('reads its timestamp', () => {
    const bytes = encodeHistogram(integer);
    const reader = new HistogramReader(new WireCursor(bytes));
    reader.read(bytes.length);
    expect(reader.timestampMs).toBe(5);
  });
});
