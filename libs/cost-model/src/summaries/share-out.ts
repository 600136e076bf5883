import { distribute, compare } from '../allocations/distribute';
import { unallocated } from '../filter/filter';
import type { Nanos } from '../money';
import type { SharedCost } from './allocation-rules';
import { keyTextOf, type SummaryKey } from './summary-row';
import { undistributedName } from '../allocations/properties';

/** Somebody who can pay; weights below zero count as none. */
export interface Payer extends SummaryKey {
  readonly weight: Nanos;
}

/** A part of a shared amount. */
export interface Paid {
  readonly key: SummaryKey;
  readonly amount: Nanos;
}

const weightOf = ({ weight }: Payer): bigint => (weight > 0n ? weight : 0n);

function byWeight(amount: Nanos, payers: readonly Payer[], weight: (payer: Payer) => bigint): Paid[] | null {
  const parts = distribute(
    amount,
    payers.map((payer) => ({ key: keyTextOf(payer), weight: weight(payer) })),
  );
  return parts === null ? null : payers.map((key, index) => ({ key, amount: parts[index] ?? 0n }));
}

/** How the rules divide a cost, and whom they name for a namespace of which nothing else is known. */
export interface Sharing extends Pick<SharedCost, 'split' | 'among' | 'targets'> {
  readonly ownersOf: (namespace: string) => Pick<SummaryKey, 'team' | 'owner'>;
}

/** A target that ran nothing in the hour pays all the same. */
const absent = (name: string, { among, ownersOf }: Sharing): SummaryKey =>
  among === 'team'
    ? { namespace: undistributedName, team: name, owner: unallocated }
    : { namespace: name, ...ownersOf(name) };

function withinName(amount: Nanos, name: string, sharing: Sharing, members: readonly Payer[]): Paid[] {
  return (
    byWeight(amount, members, weightOf) ??
    byWeight(amount, members, () => 1n) ?? [{ key: absent(name, sharing), amount }]
  );
}

/**
 * An amount divided among those who pay for it, in whole nanos that add up to it: in proportion to what they cost
 * themselves, evenly by name, or by fixed weights; what a name pays is divided inside it in proportion. Null when nobody
 * is there to pay.
 *
 * **Source**: the three ways of the FinOps Framework to split shared costs.
 */
export function shareOut(amount: Nanos, sharing: Sharing, payers: readonly Payer[]): Paid[] | null {
  const { split, among, targets } = sharing;
  const nameOf = (payer: SummaryKey): string => (among === 'team' ? payer.team : payer.namespace);
  const targeted = new Set(targets.map(({ name }) => name));
  const eligible = targets.length === 0 ? payers : payers.filter((payer) => targeted.has(nameOf(payer)));
  if (split === 'proportional') return byWeight(amount, eligible, weightOf);
  const weights = new Map(
    targets.length === 0
      ? eligible.map((payer) => [nameOf(payer), 1n] as const)
      : targets.map(({ name, weight }) => [name, BigInt(weight ?? 1)] as const),
  );
  const names = [...weights].map(([key, weight]) => ({ key, weight })).sort((a, b) => compare(a.key, b.key));
  const parts = distribute(amount, names);
  if (parts === null) return null;
  return names.flatMap(({ key: name }, index) =>
    withinName(
      parts[index] ?? 0n,
      name,
      sharing,
      eligible.filter((payer) => nameOf(payer) === name),
    ),
  );
}
