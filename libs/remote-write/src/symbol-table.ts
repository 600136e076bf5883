import { AppError } from '@cloudtuner/errors';
import type { WireCursor } from './wire-cursor';

const initialCapacity = 1_024;

/** The error of a reference that no receiver can resolve. */
export function invalidReference(what: string): AppError {
  return new AppError('symbol-reference-invalid', `The request cannot be resolved: ${what}.`);
}

/** Where the symbols of a Remote Write 2.0 request lie in its bytes. */
export class SymbolTable {
  count = 0;
  private starts = new Int32Array(initialCapacity);
  private ends = new Int32Array(initialCapacity);

  constructor(private readonly maxSymbols: number) {}

  /**
   * Adds the symbol that the cursor stands at (its length).
   *
   * @throws protobuf-malformed, too-many-symbols
   */
  add(cursor: WireCursor): void {
    if (this.count >= this.maxSymbols) {
      throw new AppError('too-many-symbols', `The request has more than ${String(this.maxSymbols)} symbols.`);
    }
    const end = cursor.lengthEnd();
    if (this.count === this.starts.length) {
      this.starts = grown(this.starts);
      this.ends = grown(this.ends);
    }
    this.starts[this.count] = cursor.position;
    this.ends[this.count] = end;
    this.count += 1;
    cursor.position = end;
  }

  start(symbol: number): number {
    return this.starts[symbol] ?? 0;
  }

  end(symbol: number): number {
    return this.ends[symbol] ?? 0;
  }

  /**
   * The first symbol is the empty text, for optional references that are not set.
   *
   * @throws symbol-reference-invalid
   */
  requireEmptyFirst(): void {
    if (this.count === 0) throw invalidReference('it has no symbols');
    if (this.start(0) !== this.end(0)) throw invalidReference('the first symbol is not the empty text');
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
