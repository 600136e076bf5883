import { Writable } from 'node:stream';

/** What a logger wrote, kept for a test. */
export interface LogCapture {
  /** Where the logger writes to. */
  readonly destination: Writable;
  /** What was written so far, in order: one line of JSON each, as a logger writes them one by one. */
  readonly lines: readonly string[];
}

/** A place to log to. */
export function captureLog(): LogCapture {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { destination, lines };
}
