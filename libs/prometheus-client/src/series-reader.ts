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
 * Reads one series of a matrix at a time from the bytes of an answer, in the form in which Prometheus and Thanos write
 * them: `{"metric":{…},"values":[[seconds,"value"],…]}`. It may only say yes: whatever is not whole yet, or not of this form
 * (histograms, spaces, other keys), is left for another reader.
 */
export class SeriesReader {
  /** Where the series that was read ends. */
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  /** The series that begins here; undefined when there is no whole one of the known form. */
  read(from: number): QueriedSeries | undefined {
    this.at = from;
    if (!this.skip(seriesHead)) return undefined;
    const labels = this.readLabels();
    if (labels === undefined || !this.skip(valuesHead)) return undefined;
    const timestampsMs: number[] = [];
    const values: number[] = [];
    do {
      const timestampMs = this.readTime();
      if (timestampMs === undefined) return undefined;
      const value = this.readValue();
      if (value === undefined) return undefined;
      timestampsMs.push(timestampMs);
      values.push(value);
    } while (this.skipByte(comma));
    if (!this.skipByte(closeBracket) || !this.skipByte(closeBrace)) return undefined;
    return { labels, timestampsMs, values };
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

  /** `[1700000000.123,`: whole seconds and up to three decimals. */
  private readTime(): number | undefined {
    if (!this.skipByte(openBracket)) return undefined;
    const { bytes } = this;
    const from = this.at;
    let timestampMs = 0;
    let at = from;
    for (let byte = bytes[at]; byte !== undefined && byte >= zero && byte <= nine; byte = bytes[at]) {
      timestampMs = timestampMs * 10 + (byte - zero);
      at += 1;
    }
    if (at === from || at - from > 12) return undefined;
    let decimals = 0;
    if (bytes[at] === dot) {
      at += 1;
      for (let byte = bytes[at]; byte !== undefined && byte >= zero && byte <= nine; byte = bytes[at]) {
        timestampMs = timestampMs * 10 + (byte - zero);
        decimals += 1;
        at += 1;
      }
      if (decimals === 0 || decimals > 3) return undefined;
    }
    if (bytes[at] !== comma) return undefined;
    this.at = at + 1;
    return timestampMs * (powersOfTen[3 - decimals] ?? 1);
  }

  /** `"12.5"]`. */
  private readValue(): number | undefined {
    if (!this.skipByte(quoteMark)) return undefined;
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
        if (decimals >= 0) return undefined;
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
    if (!this.skipByte(closeBracket)) return undefined;
    const value = decimals > 0 ? mantissa / (powersOfTen[decimals] ?? 1) : mantissa;
    return isNegative ? -value : value;
  }

  /** Many digits, an exponent, or what is not a number. */
  private readOtherValue(from: number): number | undefined {
    const end = this.bytes.indexOf(quoteMark, from);
    if (end < 0) return undefined;
    const value = valueOf(this.bytes.toString('latin1', from, end));
    this.at = end + 1;
    return this.skipByte(closeBracket) ? value : undefined;
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
