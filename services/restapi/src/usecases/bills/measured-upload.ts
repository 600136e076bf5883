import { createHash } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';

/** Bytes that are counted and hashed as they pass. */
export interface MeasuredUpload {
  /** @throws AppError `body-too-large` behind the limit, `request-aborted` when the client goes away. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly bytes: number;
  /** Hexadecimal, of what has passed. */
  sha256(): string;
}

/** The upload, measured. */
export function measureUpload(upload: AsyncIterable<Uint8Array>, maxBytes: number): MeasuredUpload {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const iterator = upload[Symbol.asyncIterator]();
    for (;;) {
      const next = await iterator.next().catch((error: unknown) => {
        throw new AppError('request-aborted', 'The file did not arrive as a whole.', { cause: error });
      });
      if (next.done === true) return;
      bytes += next.value.length;
      if (bytes > maxBytes) throw new AppError('body-too-large', `A file may have ${String(maxBytes)} bytes.`);
      hash.update(next.value);
      yield next.value;
    }
  }
  return {
    chunks: chunks(),
    get bytes() {
      return bytes;
    },
    sha256: () => hash.copy().digest('hex'),
  };
}
