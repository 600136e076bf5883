/** Label names that only the platform may set; kept as bytes, looked up by first byte. */
export interface ReservedLabels {
  /** The names, or what they begin with. */
  readonly patterns: readonly { readonly name: Uint8Array; readonly isPrefix: boolean }[];
  /** True when the name in `[start, end)` is reserved. */
  matches(bytes: DataView, start: number, end: number): boolean;
}

/**
 * The labels by which the stores tell tenants and replicas apart. `replica` and `__replica__` are the customer's own
 * (high-availability pairs) and stay.
 */
export const defaultReservedLabels: readonly string[] = ['tenant_id', '__tenant_id__', 'receive', 'receive_replica*'];

interface Pattern {
  readonly name: Uint8Array;
  readonly isPrefix: boolean;
}

function matchesPattern(pattern: Pattern, bytes: DataView, start: number, end: number): boolean {
  const wanted = pattern.name;
  if (pattern.isPrefix ? end - start < wanted.length : end - start !== wanted.length) return false;
  for (let index = 0; index < wanted.length; index += 1) {
    if (bytes.getUint8(start + index) !== wanted[index]) return false;
  }
  return true;
}

/** Compiles reserved names; one that ends in `*` reserves every name that begins so. */
export function createReservedLabels(names: readonly string[]): ReservedLabels {
  const byFirstByte: (Pattern[] | undefined)[] = new Array<Pattern[] | undefined>(256).fill(undefined);
  const all = names.map((name): Pattern => {
    const isPrefix = name.endsWith('*');
    return { name: Buffer.from(isPrefix ? name.slice(0, -1) : name), isPrefix };
  });
  for (const pattern of all) {
    const [first] = pattern.name;
    if (first === undefined) throw new RangeError('a reserved label needs a name');
    (byFirstByte[first] ??= []).push(pattern);
  }
  return {
    patterns: all,
    matches(bytes, start, end) {
      if (start === end) return false;
      const patterns = byFirstByte[bytes.getUint8(start)];
      if (patterns === undefined) return false;
      return patterns.some((pattern) => matchesPattern(pattern, bytes, start, end));
    },
  };
}

/** The same question for a name that is apart. */
export function isReserved(reserved: ReservedLabels, name: Uint8Array): boolean {
  return reserved.matches(new DataView(name.buffer, name.byteOffset, name.byteLength), 0, name.length);
}
