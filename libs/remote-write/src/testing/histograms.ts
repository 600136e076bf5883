import { parse } from 'protobufjs';

/** `prometheus.Histogram`, which both versions of Remote Write share, in the words of an independent implementation. */
export const histogramMessage = parse(`
  syntax = "proto3";
  message Histogram {
    oneof count { uint64 count_int = 1; double count_float = 2; }
    double sum = 3; sint32 schema = 4; double zero_threshold = 5;
    oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
    repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10;
    repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
    int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16; int64 start_timestamp = 17;
  }
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }
`).root.lookupType('Histogram');

/** Encodes a histogram given in the field names of protobufjs. */
export function encodeHistogram(fields: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(histogramMessage.encode(histogramMessage.fromObject(fields)).finish());
}
