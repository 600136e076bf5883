import fc from 'fast-check';
import { parse } from 'protobufjs';
import * as snappyjs from 'snappyjs';
import { decodeWriteRequest } from './decode';
import { encodeWriteRequest } from './encode';
import { compressSnappy } from './snappy-compress';
import { decompressSnappy } from './snappy-decompress';
import { metricTypes, staleMarker, type Sample, type WriteRequest } from './write-request';

// Field numbers and types as in prometheus/prompb; histograms stay bytes, as in our model.
const protobuf = parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; reserved 2; repeated MetricMetadata metadata = 3; }
  message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated bytes histograms = 4; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
`).root.lookupType('WriteRequest');

const timestamp = fc.integer({ min: -(2 ** 53 - 1), max: 2 ** 53 - 1 });
const sample = fc
  .tuple(fc.double({ noNaN: true }), timestamp)
  .map(([value, timestampMs]): Sample => ({ value, timestampMs }));
const label = fc.record({ name: fc.string({ unit: 'grapheme' }), value: fc.string({ unit: 'grapheme' }) });
const exemplar = fc.tuple(sample, fc.array(label, { maxLength: 3 })).map(([timed, labels]) => ({ ...timed, labels }));
const series = fc.record({
  labels: fc.array(label, { maxLength: 12 }),
  samples: fc.array(sample, { maxLength: 5 }),
  exemplars: fc.array(exemplar, { minLength: 1, maxLength: 2 }),
  histograms: fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 2 }),
});
const metadata = fc.record({
  type: fc.constantFrom(...metricTypes),
  metricFamilyName: fc.string(),
  help: fc.string({ unit: 'grapheme' }),
  unit: fc.string(),
});
const writeRequest: fc.Arbitrary<WriteRequest> = fc.record({
  timeseries: fc.array(series, { maxLength: 8 }),
  metadata: fc.array(metadata, { minLength: 1, maxLength: 4 }),
});

/** A request in the words of the independent schema. */
function toWireObject(request: WriteRequest): Record<string, unknown> {
  const timed = ({ value, timestampMs }: Sample) => ({ value, timestamp: timestampMs });
  return {
    timeseries: request.timeseries.map(({ labels, samples, exemplars = [], histograms = [] }) => ({
      labels: [...labels],
      samples: samples.map(timed),
      exemplars: exemplars.map((one) => ({ labels: [...one.labels], ...timed(one) })),
      histograms: histograms.map((bytes) => Buffer.from(bytes)),
    })),
    metadata: (request.metadata ?? []).map(({ type, metricFamilyName, help, unit }) => ({
      type: metricTypes.indexOf(type),
      metricFamilyName,
      help,
      unit,
    })),
  };
}

function comparable(request: WriteRequest): WriteRequest {
  return {
    ...request,
    timeseries: request.timeseries.map((one) => ({
      ...one,
      histograms: (one.histograms ?? []).map((bytes) => Buffer.from(bytes)),
    })),
  };
}

describe('codec against an independent implementation', () => {
  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(writeRequest, (request) => {
        expect(comparable(decodeWriteRequest(encodeWriteRequest(request)))).toEqual(comparable(request));
      }),
    );
  });

  it('encodes what protobufjs and snappyjs decode', () => {
    fc.assert(
      fc.property(writeRequest, (request) => {
        const bytes = snappyjs.uncompress(compressSnappy(encodeWriteRequest(request)));
        const decoded = protobuf.toObject(protobuf.decode(bytes), { longs: Number, arrays: true, defaults: true });
        expect(decoded).toEqual(toWireObject(request));
      }),
    );
  });

  it('decodes what protobufjs and snappyjs encode', () => {
    fc.assert(
      fc.property(writeRequest, (request) => {
        const body = snappyjs.compress(
          Buffer.from(protobuf.encode(protobuf.fromObject(toWireObject(request))).finish()),
        );
        const bytes = decompressSnappy(body, { maxDecodedBytes: 1 << 20 });
        expect(comparable(decodeWriteRequest(bytes))).toEqual(comparable(request));
      }),
    );
  });

  it('carries the bits of stale markers and other NaN payloads', () => {
    fc.assert(
      fc.property(fc.bigInt(0x7ff0000000000001n, 0x7fffffffffffffffn), fc.boolean(), (payload, negative) => {
        const valueBits = negative ? payload | (1n << 63n) : payload;
        const samples = [{ value: Number.NaN, timestampMs: 1, valueBits }, staleMarker(2)];
        const encoded = encodeWriteRequest({ timeseries: [{ labels: [], samples }] });
        const view = new DataView(encoded.buffer, encoded.byteOffset);
        // series tag and length, sample tag and length, value tag: the value begins at byte 5.
        expect(view.getBigUint64(5, true)).toBe(valueBits);
        const [decoded] = decodeWriteRequest(encoded).timeseries;
        expect(decoded?.samples.map((one) => one.valueBits)).toEqual([valueBits, 0x7ff0000000000002n]);
      }),
    );
  });

  it('gives negative zero, infinities and the smallest double back', () => {
    const values = [-0, Infinity, -Infinity, 5e-324];
    const samples = values.map((value, index) => ({ value, timestampMs: index }));
    const [decoded] = decodeWriteRequest(encodeWriteRequest({ timeseries: [{ labels: [], samples }] })).timeseries;
    expect(decoded?.samples.map(({ value }) => value)).toStrictEqual(values);
  });
});
