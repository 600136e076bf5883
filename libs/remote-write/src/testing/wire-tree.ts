/** Protobuf as a tree that can be changed and written in every legal form, and in some that are not. */

export interface WireField {
  readonly number: number;
  readonly value: bigint | Buffer | readonly WireField[];
  /** Bytes of a fixed number instead of a length-delimited field. */
  readonly fixed?: boolean;
}

/** Chance with a seed: the same numbers in every run. */
export type Random = () => number;

/** Source: mulberry32 by Tommy Ettinger, public domain. */
export function createRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const below = (random: Random, limit: number): number => Math.floor(random() * limit);
export const chance = (random: Random, probability: number): boolean => random() < probability;

export function pick<T>(random: Random, from: readonly T[]): T {
  const picked = from[below(random, from.length)];
  if (picked === undefined) throw new RangeError('there is nothing to pick from');
  return picked;
}

function varint(value: bigint, padding: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  } while (rest > 0n);
  // Legal, though no writer does it: zeros behind the last byte.
  for (let index = 0; index < padding && bytes.length < 10; index += 1) bytes.push(0x80);
  bytes.push((bytes.pop() ?? 0) & 0x7f);
  return bytes;
}

/** Writes a tree; `oddness` is how often a number is longer than it has to be. */
export function encodeTree(fields: readonly WireField[], random: Random, oddness: number): Buffer {
  const number = (value: bigint): Buffer =>
    Buffer.from(varint(value, chance(random, oddness) ? 1 + below(random, 3) : 0));
  const parts = fields.flatMap(({ number: fieldNumber, value, fixed }) => {
    const tag = (wire: number): Buffer => number(BigInt(fieldNumber * 8 + wire));
    if (typeof value === 'bigint') return [tag(0), number(value)];
    if (Buffer.isBuffer(value)) {
      if (fixed === true) return [tag(value.length === 8 ? 1 : 5), value];
      return [tag(2), number(BigInt(value.length)), value];
    }
    const content = encodeTree(value, random, oddness);
    return [tag(2), number(BigInt(content.length)), content];
  });
  return Buffer.concat(parts);
}

/** One change somewhere in the tree: fields are dropped, doubled, swapped, moved, renumbered, or their content changed. */
export function mutateTree(fields: readonly WireField[], random: Random): readonly WireField[] {
  const index = below(random, Math.max(1, fields.length));
  const field = fields[index];
  if (field === undefined) return [{ number: 1 + below(random, 20), value: BigInt(below(random, 300)) }];
  if (typeof field.value !== 'bigint' && !Buffer.isBuffer(field.value) && chance(random, 0.75)) {
    return fields.with(index, { ...field, value: mutateTree(field.value, random) });
  }
  const other = below(random, fields.length);
  switch (below(random, 8)) {
    case 0:
      return fields.toSpliced(index, 1);
    case 1:
      return fields.toSpliced(other, 0, field);
    case 2:
      return fields.with(index, fields[other] ?? field).with(other, field);
    case 3:
      return fields.with(index, { ...field, number: 1 + below(random, 20) });
    case 4:
      return fields.with(index, { number: field.number, value: mutatedNumber(random) });
    case 5:
      return fields.with(index, { ...field, value: mutatedBytes(field.value, random) });
    case 6:
      return fields.toSpliced(other, 0, { number: 16 + below(random, 2000), value: mutatedNumber(random) });
    default:
      return fields.with(index, { number: field.number, value: [field] });
  }
}

function mutatedNumber(random: Random): bigint {
  return pick(random, [0n, 1n, 127n, 128n, 2n ** 31n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]);
}

function mutatedBytes(value: WireField['value'], random: Random): Buffer {
  if (!Buffer.isBuffer(value) || value.length === 0) return Buffer.from([below(random, 256)]);
  return mutateBytes(value, random);
}

/** One change of bytes without regard for what they mean. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = below(random, bytes.length + 1);
  const span = 1 + below(random, 8);
  switch (below(random, 5)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + span)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + span), bytes.subarray(at)]);
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([below(random, 256)]), bytes.subarray(at)]);
    default: {
      const changed = Buffer.from(bytes);
      if (at < changed.length)
        changed[at] = chance(random, 0.5) ? below(random, 256) : (changed[at] ?? 0) ^ (1 << below(random, 8));
      return changed;
    }
  }
}
