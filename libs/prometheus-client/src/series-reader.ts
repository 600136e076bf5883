import type { QueriedSeries } from './answer';

const code = (character: string): number => character.charCodeAt(0);
const [quoteMark, backslash, openBrace, closeBrace] = ['"', '\\', '{', '}'].map(code) as [
  number,
  number,
  number,
  number,
];
const [openBracket, closeBracket, comma, dot, minus] = ['[', ']', ',', '.', '-'].map(code) as [
  number,
  number,
  number,
  number,
  number,
];
const [zero, nine] = ['0', '9'].map(code) as [number, number];

const seriesHead = Buffer.from('{"metric":');
const valuesHead = Buffer.from(',"values":[');

// Integers of up to 15 digits and these powers of ten are doubles, and the quotient of two doubles is rounded once: the
// double that is nearest to the decimal, as `Number` gives it.
const maxExactDigits = 15;
const powersOfTen = Array.from({ length: maxExactDigits + 1 }, (_, exponent) => 10 ** exponent);

/**
 * Puts the numbers of one series after another together, in an array of just their length; the same array again while they are those of the
 * series before. `Object.is` tells -0 from 0, and knows NaN.
 */
class SampleColumn {
  private readonly numbers: number[] = [];
  private count = 0;
  private last: readonly number[] = [];
  private isLast = true;

  begin(): void {
    this.count = 0;
    this.isLast = true;
  }

  add(number: number): void {
    const { count, last } = this;
    if (this.isLast && (count >= last.length || !Object.is(last[count], number))) this.isLast = false;
    this.numbers[count] = number;
    this.count = count + 1;
  }

  end(): readonly number[] {
    if (!this.isLast || this.last.length !== this.count) this.last = this.numbers.slice(0, this.count);
    return this.last;
  }
}

/**
 * Reads one series of a matrix at a time from the bytes of an answer, in the form in which Prometheus and Thanos write
 * them: `{"metric":{…},"values":[[seconds,"value"],…]}`. It may only say yes: whatever is not whole yet, or not of this form
 * (histograms, spaces, other keys), is left for another reader.
 *
 * Series of one target have the same times, and most gauges the same value at all of them: such series share their arrays.
 */
export class SeriesReader {
  /** Where the series that was read ends. */
  at = 0;
  private bytes: Buffer = Buffer.alloc(0);
  private readonly times = new SampleColumn();
  private readonly values = new SampleColumn();

  /** Goes on with these bytes. */
  open(bytes: Buffer): void {
    this.bytes = bytes;
  }

  /** The series that begins here; undefined when there is no whole one of the known form. */
  read(from: number): QueriedSeries | undefined {
    this.at = from;
    if (!this.skip(seriesHead)) return undefined;
    const labels = this.readLabels();
    if (labels === undefined || !this.skip(valuesHead)) return undefined;
    const { times, values } = this;
    times.begin();
    values.begin();
    do {
      if (!this.readTime() || !this.readValue()) return undefined;
    } while (this.skipByte(comma));
    if (!this.skipByte(closeBracket) || !this.skipByte(closeBrace)) return undefined;
    return { labels, timestampsMs: times.end(), values: values.end() };
  }

  private skip(text: Buffer): boolean {
    for (let index = 0; index < text.length; index += 1) {
      if (this.bytes[this.at + index] !== text[index]) return false;
    }
    this.at += text.length;
    return true;
  }

  private skipByte(byte: number): boolean {
    if (this.bytes[this.at] !== byte) return false;
    this.at += 1;
    return true;
  }

  private readLabels(): Readonly<Record<string, string>> | undefined {
    const { bytes } = this;
    const from = this.at;
    if (bytes[from] !== openBrace) return undefined;
    let isQuoted = false;
    for (let at = from + 1; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (isQuoted) {
        if (byte === backslash) at += 1;
        else if (byte === quoteMark) isQuoted = false;
      } else if (byte === quoteMark) isQuoted = true;
      else if (byte === closeBrace) {
        this.at = at + 1;
        return labelsOf(bytes.toString('utf8', from, this.at));
      } else if (byte === openBrace || byte === openBracket) return undefined;
    }
    return undefined;
  }

  // Numbers go into their column at once: what is returned from a call that is not inlined is an object on the heap.

  /** `[1700000000.123,`: whole seconds and up to three decimals. */
  private readTime(): boolean {
    if (!this.skipByte(openBracket)) return false;
    const { bytes } = this;
    const from = this.at;
    let timestampMs = 0;
    let at = from;
    for (let byte = bytes[at]; byte !== undefined && byte >= zero && byte <= nine; byte = bytes[at]) {
      timestampMs = timestampMs * 10 + (byte - zero);
      at += 1;
    }
    if (at === from || at - from > 12) return false;
    let decimals = 0;
    if (bytes[at] === dot) {
      at += 1;
      for (let byte = bytes[at]; byte !== undefined && byte >= zero && byte <= nine; byte = bytes[at]) {
        timestampMs = timestampMs * 10 + (byte - zero);
        decimals += 1;
        at += 1;
      }
      if (decimals === 0 || decimals > 3) return false;
    }
    if (bytes[at] !== comma) return false;
    this.at = at + 1;
    this.times.add(timestampMs * (powersOfTen[3 - decimals] ?? 1));
    return true;
  }

  /** `"12.5"]`. */
  private readValue(): boolean {
    if (!this.skipByte(quoteMark)) return false;
    const { bytes } = this;
    const from = this.at;
    let at = from;
    const isNegative = bytes[at] === minus;
    if (isNegative) at += 1;
    let mantissa = 0;
    let digits = 0;
    let decimals = -1;
    let byte = bytes[at];
    for (; byte !== undefined && ((byte >= zero && byte <= nine) || byte === dot); byte = bytes[at]) {
      if (byte === dot) {
        // A second point is no number.
        if (decimals >= 0) return false;
        decimals = 0;
      } else {
        mantissa = mantissa * 10 + (byte - zero);
        digits += 1;
        if (decimals >= 0) decimals += 1;
      }
      at += 1;
    }
    if (byte !== quoteMark || digits === 0 || digits > maxExactDigits) return this.readOtherValue(from);
    this.at = at + 1;
    if (!this.skipByte(closeBracket)) return false;
    const value = decimals > 0 ? mantissa / (powersOfTen[decimals] ?? 1) : mantissa;
    this.values.add(isNegative ? -value : value);
    return true;
  }

  /** Many digits, an exponent, or what is not a number. */
  private readOtherValue(from: number): boolean {
    const end = this.bytes.indexOf(quoteMark, from);
    if (end < 0) return false;
    const value = valueOf(this.bytes.toString('latin1', from, end));
    this.at = end + 1;
    if (value === undefined || !this.skipByte(closeBracket)) return false;
    this.values.add(value);
    return true;
  }
}

const numberPattern = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const specialValues: Partial<Record<string, number>> = {
  NaN: Number.NaN,
  '+Inf': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
};

function valueOf(text: string): number | undefined {
  return numberPattern.test(text) ? Number(text) : specialValues[text];
}

function labelsOf(text: string): Readonly<Record<string, string>> | undefined {
  try {
    // Its only values are strings: nested objects and arrays were refused, and other values do not pass below.
    const labels = JSON.parse(text) as Readonly<Record<string, unknown>>;
    for (const name in labels) if (typeof labels[name] !== 'string') return undefined;
    return labels as Readonly<Record<string, string>>;
  } catch {
    return undefined;
  }
}
