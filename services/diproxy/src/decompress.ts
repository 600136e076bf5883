import { decompressSnappy, type WriteKernel } from '@cloudtuner/remote-write';

/** Decodes a body; the result is valid until the next call. */
export type Decompress = (body: Uint8Array, maxDecodedBytes: number) => Uint8Array;

/**
 * Bounded decompression into the memory of the kernel, which all requests of a thread use one after the other: nothing
 * awaits between decoding and the end of rewriting.
 *
 * @throws (the stage) snappy-malformed, decoded-body-too-large
 */
export function createDecompress(kernel: WriteKernel): Decompress {
  return (body, maxDecodedBytes) => decompressSnappy(body, { maxDecodedBytes, kernel });
}
