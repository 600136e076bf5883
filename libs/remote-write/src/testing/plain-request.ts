import { parse, type Type } from 'protobufjs';
import { histogramMessage } from './histograms';

/**
 * Requests of both versions as plain objects, decoded by protobufjs: nothing is shared with the code under test. Values
 * and texts are bytes, so that nothing is normalised.
 */

const schemaV1 = parse(`
  syntax = "proto3";
  message Request { repeated TimeSeries timeseries = 1; repeated Metadata metadata = 3; }
  message Metadata { int32 type = 1; bytes metric_family_name = 2; bytes help = 4; bytes unit = 5; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated bytes histograms = 4; }
  message Label { bytes name = 1; bytes value = 2; }
  message Sample { fixed64 value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; fixed64 value = 2; int64 timestamp = 3; }
`).root.lookupType('Request');
const schemaV2 = parse(`
  syntax = "proto3";
  message Request { repeated bytes symbols = 4; repeated TimeSeries timeseries = 5; }
  message TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated bytes histograms = 3; repeated Exemplar exemplars = 4; Metadata metadata = 5; }
  message Sample { fixed64 value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
  message Exemplar { repeated uint32 labels_refs = 1; fixed64 value = 2; int64 timestamp = 3; }
  message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
`).root.lookupType('Request');

/** Bytes as latin1 text: comparable, printable, and nothing is lost. */
export type Text = string;

export interface PlainTimed {
  readonly bits: string;
  readonly timestampMs: string;
  readonly startTimestampMs?: string;
}
export interface PlainSeries {
  readonly labels: readonly (readonly [Text, Text])[];
  readonly samples: readonly PlainTimed[];
  readonly exemplars: readonly (PlainTimed & { readonly labels: readonly (readonly [Text, Text])[] })[];
  readonly histograms: readonly Readonly<Record<string, unknown>>[];
  readonly metadata?: PlainMetadata;
}
export interface PlainMetadata {
  readonly type: number;
  readonly family?: Text;
  readonly help: Text;
  readonly unit: Text;
}
export interface PlainRequest {
  readonly series: readonly PlainSeries[];
  readonly metadata: readonly PlainMetadata[];
}
interface WireTimed {
  value: string;
  timestamp: string;
  startTimestamp?: string;
}
interface WireV1 {
  timeseries: {
    labels: { name: Buffer; value: Buffer }[];
    samples: WireTimed[];
    exemplars: (WireTimed & { labels: { name: Buffer; value: Buffer }[] })[];
    histograms: Buffer[];
  }[];
  metadata: { type: number; metricFamilyName: Buffer; help: Buffer; unit: Buffer }[];
}
interface WireV2 {
  symbols: Buffer[];
  timeseries: {
    labelsRefs: number[];
    samples: WireTimed[];
    histograms: Buffer[];
    exemplars: (WireTimed & { labelsRefs: number[] })[];
    metadata: { type: number; helpRef: number; unitRef: number } | null;
  }[];
}

const text = (bytes: Uint8Array): Text => Buffer.from(bytes).toString('latin1');
export const bytesOf = (latin: Text): Buffer => Buffer.from(latin, 'latin1');

function toPlain(schema: Type, bytes: Uint8Array): unknown {
  return schema.toObject(schema.decode(bytes), { longs: String, arrays: true, defaults: true });
}

function timed({ value, timestamp, startTimestamp = '0' }: WireTimed): PlainTimed {
  const plain = { bits: BigInt.asUintN(64, BigInt(value)).toString(16), timestampMs: timestamp };
  return startTimestamp === '0' ? plain : { ...plain, startTimestampMs: startTimestamp };
}

function histogram(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const message = histogramMessage.decode(bytes);
  return histogramMessage.toObject(message, { longs: String, arrays: true, defaults: false, oneofs: true });
}

export function decodeV1(bytes: Uint8Array): PlainRequest {
  const request = toPlain(schemaV1, bytes) as WireV1;
  const labels = (all: { name: Buffer; value: Buffer }[]) =>
    all.map(({ name, value }) => [text(name), text(value)] as const);
  return {
    series: request.timeseries.map((one) => ({
      labels: labels(one.labels),
      samples: one.samples.map(timed),
      exemplars: one.exemplars.map((exemplar) => ({ ...timed(exemplar), labels: labels(exemplar.labels) })),
      histograms: one.histograms.map(histogram),
    })),
    metadata: request.metadata.map(({ type, metricFamilyName, help, unit }) => ({
      type,
      family: text(metricFamilyName),
      help: text(help),
      unit: text(unit),
    })),
  };
}

/** Undefined when a reference leads nowhere. */
export function decodeV2(bytes: Uint8Array): PlainRequest | undefined {
  const request = toPlain(schemaV2, bytes) as WireV2;
  const { symbols } = request;
  const isEmpty = request.timeseries.length === 0 && symbols.length === 0;
  const allRefs = request.timeseries.flatMap(({ labelsRefs, exemplars, metadata }) => [
    ...labelsRefs,
    ...exemplars.flatMap((exemplar) => exemplar.labelsRefs),
    ...(metadata === null ? [] : [metadata.helpRef, metadata.unitRef]),
  ]);
  const odd = request.timeseries.some(
    ({ labelsRefs, exemplars }) =>
      labelsRefs.length % 2 === 1 || exemplars.some((one) => one.labelsRefs.length % 2 === 1),
  );
  if (!isEmpty && (symbols[0]?.length !== 0 || odd || allRefs.some((ref) => ref >= symbols.length))) return undefined;
  const symbol = (ref: number | undefined): Text => text(symbols[ref ?? 0] ?? Buffer.alloc(0));
  const labels = (refs: number[]) =>
    Array.from({ length: refs.length / 2 }, (_, i) => [symbol(refs[2 * i]), symbol(refs[2 * i + 1])] as const);
  return {
    series: request.timeseries.map((one) => ({
      labels: labels(one.labelsRefs),
      samples: one.samples.map(timed),
      exemplars: one.exemplars.map((exemplar) => ({ ...timed(exemplar), labels: labels(exemplar.labelsRefs) })),
      histograms: one.histograms.map(histogram),
      ...(one.metadata === null
        ? {}
        : {
            metadata: {
              type: one.metadata.type >= 0 && one.metadata.type <= 7 ? one.metadata.type : 0,
              help: symbol(one.metadata.helpRef),
              unit: symbol(one.metadata.unitRef),
            },
          }),
    })),
    metadata: [],
  };
}
