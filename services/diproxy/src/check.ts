import { compressSnappy, createWriteKernel, type RewriteResult, type WriteLimits } from '@cloudtuner/remote-write';
import { createDecompress } from './decompress';
import type { WriteProtocol } from './ports';
import { createValidateAndRewrite, type SeriesPolicy } from './validate-and-rewrite';

/** A complete body to be checked. Plain data: it may go to another thread. */
export interface CheckJob {
  readonly accountId: string;
  /** What the body is written in, and what the store is to get: a 2.0 body may become a 1.0 one. */
  readonly protocol: WriteProtocol;
  readonly target: WriteProtocol;
  /** Compressed, as the sender sent it. */
  readonly body: Uint8Array;
  readonly maxDecodedBytes: number;
  readonly limits: WriteLimits;
  readonly nowMs: number;
}

/** What goes to the store, and what became of the rest. Plain data. */
export interface CheckedWrite extends Omit<RewriteResult, 'bytes'> {
  /** Compressed: the sender's own body when nothing had to change. */
  readonly body: Uint8Array;
  readonly decodedBytes: number;
  readonly decompressSeconds: number;
  readonly rewriteSeconds: number;
}

/** The two stages between a body and the store: bounded decompression, then validation and rewriting. */
export type Check = (job: CheckJob) => CheckedWrite;

/**
 * A check with memory of its own, for one thread.
 *
 * @throws (the stages) snappy-malformed, decoded-body-too-large, protobuf-malformed, too-many-series, too-many-samples
 */
export function createCheck(policy: SeriesPolicy): Check {
  const kernel = createWriteKernel();
  const decompress = createDecompress(kernel);
  const validateAndRewrite = createValidateAndRewrite(policy, kernel);
  return (job) => {
    const { body, maxDecodedBytes } = job;
    const startedMs = performance.now();
    const decoded = decompress(body, maxDecodedBytes);
    const decodedMs = performance.now();
    const { bytes, ...outcome } = validateAndRewrite(decoded, job);
    return {
      ...outcome,
      body: bytes === decoded ? body : compressSnappy(bytes),
      decodedBytes: decoded.length,
      decompressSeconds: (decodedMs - startedMs) / 1000,
      rewriteSeconds: (performance.now() - decodedMs) / 1000,
    };
  };
}
