import { incompleteStream } from './incomplete-stream';

const newline = 0x0a;

/**
 * The lines of a stream of bytes, each with its newline. What is held is one piece of the stream and the line that it
 * breaks off in.
 *
 * @throws AppError `metroculus-incomplete-stream` when a line is longer than the limit, or the last one has no newline.
 */
export async function* streamLines(pieces: AsyncIterable<Uint8Array>, maxLineBytes: number): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let from = 0;
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
      const rest = bytes.subarray(from, at + 1);
      if (begunBytes + rest.length > maxLineBytes) throw incompleteStream('a line is too long');
      yield begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
      begun = [];
      begunBytes = 0;
      from = at + 1;
    }
    if (from < bytes.length) {
      begun.push(bytes.subarray(from));
      begunBytes += bytes.length - from;
      if (begunBytes > maxLineBytes) throw incompleteStream('a line is too long');
    }
  }
  if (begunBytes > 0) throw incompleteStream('it ends within a line');
}
