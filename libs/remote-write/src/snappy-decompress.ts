import { AppError } from '@cloudtuner/errors';
import { createWriteKernel, type WriteKernel } from './kernel';

/** Bounds and memory of one decompression. */
export interface DecompressOptions {
  /** The declared decoded length may not be more; checked before anything is allocated. */
  readonly maxDecodedBytes: number;
  /** Where to decode: the result is valid until its next use. Without one, memory of its own is made: slow. */
  readonly kernel?: WriteKernel;
}

// A copy of 64 bytes takes three: a body cannot decode to more than this many times its size.
const maxExpansion = 64 / 3;
// What the kernel answers, from 1 on.
const faults = [
  'a literal is cut off',
  'a copy is cut off',
  'a copy reaches before the beginning',
  'it decodes to more than it declares',
  'it decodes to less than it declares',
];

function malformed(what: string): AppError {
  return new AppError('snappy-malformed', `The body is not one snappy block: ${what}.`);
}

function readDeclaredLength(bytes: Uint8Array): { length: number; bodyStart: number } {
  let length = 0;
  for (let index = 0; index < 5; index += 1) {
    if (index >= bytes.length) throw malformed('the decoded length is cut off');
    const byte = bytes[index] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) {
      if (length > 0xffffffff) break;
      return { length, bodyStart: index + 1 };
    }
  }
  throw malformed('the decoded length has more than 32 bits');
}

/** The decoded length that a body declares. */
function checkedLength(bytes: Uint8Array, maxDecodedBytes: number): { length: number; bodyStart: number } {
  const declared = readDeclaredLength(bytes);
  if (declared.length > maxDecodedBytes) {
    throw new AppError(
      'decoded-body-too-large',
      `The body declares ${String(declared.length)} decoded bytes; the limit is ${String(maxDecodedBytes)}.`,
    );
  }
  if (declared.length > (bytes.length - declared.bodyStart) * maxExpansion) {
    throw malformed('it declares more than it can hold');
  }
  return declared;
}

/**
 * Decodes one snappy block. Memory: at most the declared length, after it was found to be within bounds and possible.
 *
 * @throws snappy-malformed, decoded-body-too-large
 * Source: google/snappy `format_description.txt`.
 */
export function decompressSnappy(bytes: Uint8Array, options: DecompressOptions): Uint8Array {
  const { length, bodyStart } = checkedLength(bytes, options.maxDecodedBytes);
  const kernel = options.kernel ?? createWriteKernel();
  const decoded = kernel.decompress(bytes.subarray(bodyStart), length);
  if (typeof decoded === 'number') throw malformed(faults[decoded - 1] ?? 'it cannot be decoded');
  return decoded;
}
