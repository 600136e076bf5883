import { createHash } from 'node:crypto';

/** Sections that each member has on the ring. **Source**: `SectionsPerNode` of Thanos Receive's ketama hashring. */
const sectionsPerMember = 1_000;

const hashOf = (text: string): number => createHash('md5').update(text).digest().readUInt32BE(0);

/** Who holds what: a function of a series or a tenant. */
export type Placement = (key: string) => number;

/** Thanos Receive with `ketama`: sections of all members on a ring, a key belongs to the next section. */
export function ketama(members: number): Placement {
  const sections = Array.from({ length: members }, (_, member) =>
    Array.from({ length: sectionsPerMember }, (__, section) => ({
      at: hashOf(`${String(member)}:${String(section)}`),
      member,
    })),
  )
    .flat()
    .sort((a, b) => a.at - b.at);
  return (key) => {
    const at = hashOf(key);
    let [low, high] = [0, sections.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sections[middle]?.at ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return (sections[low] ?? sections[0])?.member ?? 0;
  };
}

/** The remainder of the hash: Thanos Receive with `hashmod`, and ClickHouse's `cityHash64(account) % shards`. */
export function remainder(members: number): Placement {
  return (key) => hashOf(key) % members;
}

/** Share of the keys that another member holds after a change. */
export function movedShare(keys: readonly string[], before: Placement, after: Placement): number {
  return keys.filter((key) => before(key) !== after(key)).length / keys.length;
}

/** Weight of the fullest member ÷ mean weight. */
export function imbalance(
  items: readonly { readonly key: string; readonly weight: number }[],
  members: number,
  place: Placement,
): number {
  const load = new Array<number>(members).fill(0);
  for (const { key, weight } of items) {
    const member = place(key);
    load[member] = (load[member] ?? 0) + weight;
  }
  const total = load.reduce((a, b) => a + b, 0);
  return (Math.max(...load) * members) / total;
}

/** Tenants whose sizes fall as 1 ÷ rank^exponent: few are large, most are small. */
export function skewedTenants(count: number, totalPods: number, exponent: number): { key: string; weight: number }[] {
  const weights = Array.from({ length: count }, (_, rank) => 1 / (rank + 1) ** exponent);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight, rank) => ({ key: `tenant-${String(rank)}`, weight: (totalPods * weight) / sum }));
}
