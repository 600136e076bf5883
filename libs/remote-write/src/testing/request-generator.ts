import { below, chance, pick, type Random, type WireField } from './wire-tree';

export const fuzzNowMs = 1_700_000_000_000;

const names = [
  '__name__',
  'a',
  'b',
  'job',
  'zone',
  'Zone',
  'tenant_id',
  'exported_tenant_id',
  '__tenant_id__',
  'receive_x',
  'receiver',
];
const oddNames = ['', 'a.b', '0a', 'a:b', '__proto__', 'größe', 'n'.repeat(20), 'n'.repeat(21), '\u0000'];
const values = [
  'x',
  'up',
  'http_requests_total',
  '10.0.0.1:9100',
  'v'.repeat(16),
  'v'.repeat(17),
  'v'.repeat(128),
  'v'.repeat(200),
];
const oddValues = ['', 'Straße €', 'a b', '0', 'v'.repeat(201), '🚀'];
const times = [fuzzNowMs, fuzzNowMs - 1, fuzzNowMs + 600_000, 1];
const oddTimes = [0n, -1n, BigInt(fuzzNowMs) + 600_001n, 2n ** 62n, -(2n ** 63n), 2n ** 63n - 1n];

const utf8 = (text: string): Buffer => Buffer.from(text);
const brokenText = Buffer.from([0x61, 0xff, 0x62]);
const zigzag = (value: number): bigint => BigInt(value >= 0 ? value * 2 : -value * 2 - 1);

/** Makes requests as senders write them, with faults here and there. */
export class RequestGenerator {
  constructor(
    private readonly random: Random,
    /** How often something is unusual. */
    private readonly faultiness: number,
  ) {}

  private odd(): boolean {
    return chance(this.random, this.faultiness);
  }

  private name(): Buffer {
    if (this.odd()) return this.odd() ? brokenText : utf8(pick(this.random, oddNames));
    return utf8(pick(this.random, names));
  }

  private value(): Buffer {
    if (this.odd()) return this.odd() ? brokenText : utf8(pick(this.random, oddValues));
    return utf8(pick(this.random, values));
  }

  private time(): bigint {
    return this.odd() ? pick(this.random, oddTimes) : BigInt(pick(this.random, times));
  }

  private double(): Buffer {
    const bytes = Buffer.alloc(8);
    const bits = [0n, 1n, 0x7ff0000000000002n, 0x7ff8000000000001n, 0xfff0000000000000n, 0x3ff0000000000000n];
    bytes.writeBigUInt64LE(pick(this.random, bits));
    return bytes;
  }

  private readonly earlier: (readonly [Buffer, Buffer])[][] = [];

  /** Pairs as a sender has them: often those of a series before with a change, so that what is remembered of it is tried. */
  private labels(): (readonly [Buffer, Buffer])[] {
    const { random, earlier } = this;
    const labels =
      earlier.length > 0 && chance(random, 0.5) ? this.changedLabels(pick(random, earlier)) : this.newLabels();
    earlier.push(labels);
    if (earlier.length > 3) earlier.shift();
    return labels;
  }

  /** One pair replaced where it is, whatever that does to the order. */
  private changedLabels(labels: (readonly [Buffer, Buffer])[]): (readonly [Buffer, Buffer])[] {
    if (labels.length === 0 || chance(this.random, 0.2)) return labels;
    const index = below(this.random, labels.length);
    const [name, value] = labels[index] ?? [this.name(), this.value()];
    return labels.with(index, chance(this.random, 0.5) ? [name, this.value()] : [this.name(), value]);
  }

  /** Sorted, each name once; or not. */
  private newLabels(): (readonly [Buffer, Buffer])[] {
    const count = below(this.random, 7);
    const all = Array.from({ length: count }, () => [this.name(), this.value()] as const);
    if (!this.odd()) all.push([utf8('__name__'), utf8(pick(this.random, values.slice(0, 3)))]);
    if (this.odd()) return all;
    const distinct = new Map(all.map((pair) => [pair[0].toString('latin1'), pair]));
    return [...distinct.values()].sort(([a], [b]) => Buffer.compare(a, b));
  }

  private timed(fields: { value: number; timestamp: number }): WireField[] {
    const value: WireField = { number: fields.value, value: this.double(), fixed: true };
    const timestamp: WireField = { number: fields.timestamp, value: this.time() };
    return chance(this.random, 0.2) ? [timestamp] : [value, timestamp];
  }

  /** With as many custom buckets as bounds, all of them empty. */
  private customHistogram(): WireField[] {
    const bounds = Array.from({ length: below(this.random, 3) }, (_, index) => {
      const bound = Buffer.alloc(8);
      bound.writeDoubleLE(this.odd() ? 1 : index);
      return bound;
    });
    return [
      { number: 3, value: this.double(), fixed: true },
      { number: 4, value: zigzag(-53) },
      { number: 16, value: Buffer.concat(bounds) },
      { number: 15, value: this.time() },
    ];
  }

  private histogram(): WireField[] {
    const { random } = this;
    if (chance(random, 0.2)) return this.customHistogram();
    const counts = Array.from({ length: below(random, 4) }, () => below(random, 5));
    const zero = below(random, 3);
    const total = counts.reduce((sum, count) => sum + count, zero) + (this.odd() ? 1 : 0);
    const span: WireField = {
      number: 11,
      value: [
        { number: 1, value: zigzag(below(random, 3) - 1) },
        { number: 2, value: BigInt(counts.length + (this.odd() ? 1 : 0)) },
      ],
    };
    const fields: WireField[] = [
      { number: 1, value: BigInt(total) },
      { number: 3, value: this.double(), fixed: true },
      { number: 4, value: zigzag(this.odd() ? pick(random, [-53, -5, 9]) : below(random, 13) - 4) },
      { number: 6, value: BigInt(zero) },
      ...(counts.length > 0 ? [span] : []),
      ...counts.map((count, index): WireField => ({ number: 12, value: zigzag(count - (counts[index - 1] ?? 0)) })),
      { number: 15, value: this.time() },
    ];
    if (this.odd()) fields.push({ number: pick(random, [2, 5, 7, 10, 13, 16]), value: this.double(), fixed: true });
    if (this.odd()) fields.push({ number: 17, value: this.time() });
    return fields;
  }

  private label([name, value]: readonly [Buffer, Buffer]): WireField {
    return {
      number: 1,
      value: [
        { number: 1, value: name },
        { number: 2, value },
      ],
    };
  }

  private observations(numbers: { sample: number; histogram: number }): WireField[] {
    const { random } = this;
    const samples = (): WireField => {
      const content = this.timed({ value: 1, timestamp: 2 });
      return { number: numbers.sample, value: content };
    };
    const histograms = (): WireField => ({ number: numbers.histogram, value: this.histogram() });
    if (this.odd()) return [samples(), histograms()];
    return Array.from({ length: below(random, 3) }, chance(random, 0.8) ? samples : histograms);
  }

  v1(): WireField[] {
    const { random } = this;
    const series = (): WireField => {
      const exemplar = (): WireField => ({
        number: 3,
        value: [
          ...this.labels()
            .slice(0, 2)
            .map((pair) => this.label(pair)),
          ...this.timed({ value: 2, timestamp: 3 }),
        ],
      });
      return {
        number: 1,
        value: [
          ...this.labels().map((pair) => this.label(pair)),
          ...this.observations({ sample: 2, histogram: 4 }),
          ...(chance(random, 0.2) ? [exemplar()] : []),
        ],
      };
    };
    const metadata = (): WireField => ({
      number: 3,
      value: [
        { number: 1, value: BigInt(below(random, 8)) },
        { number: 2, value: utf8('up') },
        { number: 4, value: this.value() },
      ],
    });
    return Array.from({ length: below(random, 8) }, () => (chance(random, 0.9) ? series() : metadata()));
  }

  v2(): WireField[] {
    const { random } = this;
    const symbols = new Map([['', 0]]);
    const ref = (text: Buffer): bigint => {
      const key = text.toString('latin1');
      if (!symbols.has(key)) symbols.set(key, symbols.size);
      return BigInt((symbols.get(key) ?? 0) + (chance(random, this.faultiness / 20) ? 1 : 0));
    };
    const refs = (pairs: readonly (readonly [Buffer, Buffer])[]): WireField[] => {
      const all = pairs.flatMap(([name, value]) => [ref(name), ref(value)]);
      if (all.every((one) => one < 128n) && chance(random, 0.8))
        return [{ number: 1, value: Buffer.from(all.map(Number)) }];
      return all.map((one) => ({ number: 1, value: one }));
    };
    const series = (): WireField => {
      const observed = this.observations({ sample: 2, histogram: 3 });
      const exemplar = (): WireField => ({
        number: 4,
        value: [...refs(this.labels().slice(0, 2)), ...this.timed({ value: 2, timestamp: 3 })],
      });
      const metadata = (): WireField => ({
        number: 5,
        value: [
          { number: 1, value: BigInt(below(random, 8)) },
          { number: 3, value: ref(this.value()) },
          { number: 4, value: ref(this.value()) },
        ],
      });
      return {
        number: 5,
        value: [
          ...refs(this.labels()),
          ...observed,
          ...(chance(random, 0.2) ? [exemplar()] : []),
          ...(chance(random, 0.5) ? [metadata()] : []),
        ],
      };
    };
    const all = Array.from({ length: below(random, 8) }, series);
    const texts = [...symbols.keys()].map((text): WireField => ({ number: 4, value: Buffer.from(text, 'latin1') }));
    return this.odd() ? [...all, ...texts] : [...texts, ...all];
  }
}
