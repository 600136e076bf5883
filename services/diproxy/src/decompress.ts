import { decompressSnappy } from '@cloudtuner/remote-write';

/** Decodes a body; the result is valid until the next call. */
export type Decompress = (body: Uint8Array) => Uint8Array;

// Nearly every body fits; larger ones get memory of their own, so that one of them does not stay for ever.
const scratchBytes = 4 * 1024 * 1024;

/**
 * Bounded decompression into one buffer that all requests use one after the other: nothing awaits between decoding
 * and the end of rewriting.
 *
 * @throws (the stage) snappy-malformed, decoded-body-too-large
 */
export function createDecompress(maxDecodedBytes: number): Decompress {
  const scratch = Buffer.allocUnsafeSlow(Math.min(scratchBytes, maxDecodedBytes));
  return (body) => decompressSnappy(body, { maxDecodedBytes, scratch });
}
