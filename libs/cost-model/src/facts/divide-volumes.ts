import type { PricedDisk } from '../assets/disks';
import { chargeCapacity, chargeUnits, integralOf, type Charge } from '../charge';
import { add, exactZero, quotientToNumber, scaledQuotient, type ExactDecimal } from '../exact-decimal';
import { holes, within, type StepFunction, type StepInterval } from '../intervals';
import { parseNanos, type Nanos } from '../money';
import { msPerHour, type TimeWindow } from '../window';
import type { VolumeClaim } from './cluster-context';
import type { PodRows } from './container-rows';
import { timesOf } from './container-rows';
import { rowDraft, type RowDraft } from './row-draft';
import { settle } from './settle';

/** How many of the functions are known at each moment at which any is. */
function countKnown(functions: readonly StepFunction[]): StepFunction {
  const changes = functions
    .flat()
    .flatMap(({ startMs, endMs }) => [
      { atMs: startMs, by: 1 },
      { atMs: endMs, by: -1 },
    ])
    .sort((a, b) => a.atMs - b.atMs);
  const counts: StepInterval[] = [];
  let [count, fromMs] = [0, 0];
  for (const { atMs, by } of changes) {
    if (count > 0 && atMs > fromMs) counts.push({ startMs: fromMs, endMs: atMs, value: count });
    count += by;
    fromMs = atMs;
  }
  return counts;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}

/** A fraction of exact decimals: they are rounded only when they are divided at last. */
interface Share {
  readonly quantity: ExactDecimal;
  /** Null when the volume has no price. */
  readonly amount: ExactDecimal | null;
  readonly divisor: bigint;
}

const times = (decimal: ExactDecimal, factor: bigint): ExactDecimal => ({
  ...decimal,
  coefficient: decimal.coefficient * factor,
});

/** A pod's part of a volume: all of it while it alone has it mounted, a half while two have. */
function shareOf(disk: PricedDisk, running: StepFunction, mounts: StepFunction): Share {
  const mine = within(mounts, running);
  const counts = [...new Set(mine.map(({ value }) => value))].sort((a, b) => a - b);
  const charges = counts.flatMap((count): [bigint, Charge][] => {
    const alone = mine.filter(({ value }) => value === count);
    const charge = chargeCapacity(within(disk.capacity, alone), disk.price, chargeUnits.byteHours);
    return charge === null ? [] : [[BigInt(count), charge]];
  });
  const divisor = charges.reduce((all, [count]) => (all / greatestCommonDivisor(all, count)) * count, 1n);
  const isPriced = disk.fact.pv_cost !== null;
  let quantity = exactZero;
  let amount: ExactDecimal | null = isPriced ? exactZero : null;
  for (const [count, charge] of charges) {
    quantity = add(quantity, times(charge.quantity, divisor / count));
    if (amount !== null && charge.amount !== null) amount = add(amount, times(charge.amount, divisor / count));
  }
  return { quantity, amount, divisor };
}

const { perPricedUnit, perMs } = chargeUnits.byteHours;
const byteHoursOf = (quantity: ExactDecimal, divisor: bigint): number =>
  quotientToNumber(quantity, { coefficient: divisor * perMs, scale: 0 }, 9);

function unmountedRow(
  disk: PricedDisk,
  rest: Nanos | null,
  of: { mounts: StepFunction; claim: VolumeClaim | undefined; window: TimeWindow },
): RowDraft[] {
  const { asset_key: volume, provider_id } = disk.fact;
  const free = within(disk.capacity, holes(of.mounts, [of.window]));
  if (free.length === 0 && (rest === null || rest === 0n)) return [];
  const byteHours = quotientToNumber(integralOf(free), { coefficient: BigInt(msPerHour), scale: 0 }, 9);
  const row = rowDraft({
    kind: 'unattributed',
    asset_type: 'disk',
    asset_key: volume,
    provider_id,
    namespace: of.claim?.namespace ?? '',
    ...timesOf(free, of.window),
  });
  const part = { volume, claim: of.claim?.claim ?? '', provider_id, byte_hours: byteHours };
  row.volumes.push({ part, cost: rest });
  return [row];
}

/** The pods that mount each volume, in the order of the pods. */
export function podsByVolume(pods: readonly PodRows[]): Map<string, PodRows[]> {
  const byVolume = new Map<string, PodRows[]>();
  for (const one of pods) {
    for (const volume of one.pod.volumes.keys()) {
      const found = byVolume.get(volume);
      if (found === undefined) byVolume.set(volume, [one]);
      else found.push(one);
    }
  }
  return byVolume;
}

/**
 * Divides a volume's cost among the pods that mount it, at each moment evenly, and each pod's part evenly among its
 * containers. What it costs while nothing mounts it is a row of its own.
 *
 * @param pods Those that mount it.
 */
export function divideVolume(
  disk: PricedDisk,
  pods: readonly PodRows[],
  of: { claim: VolumeClaim | undefined; window: TimeWindow },
): RowDraft[] {
  const { asset_key: volume, provider_id, pv_cost } = disk.fact;
  const mounting = pods.filter(({ rows }) => rows.length > 0);
  const mounts = countKnown(mounting.map(({ pod }) => pod.running));
  const parts = mounting.flatMap(({ pod, rows }) => {
    const share = shareOf(disk, pod.running, mounts);
    const divisor = share.divisor * BigInt(rows.length);
    const part = { volume, claim: pod.volumes.get(volume) ?? '', provider_id };
    const byte_hours = byteHoursOf(share.quantity, divisor);
    const unit = { coefficient: divisor * perPricedUnit * perMs, scale: 0 };
    const claim = share.amount === null ? null : scaledQuotient(share.amount, unit, 9);
    return rows.map(({ draft }) => ({ draft, claim, part: { ...part, byte_hours } }));
  });
  const claims = parts.flatMap(({ claim }) => claim ?? []);
  const { shares, rest } = settle(pv_cost === null ? 0n : parseNanos(pv_cost), claims);
  parts.forEach(({ draft, part, claim }, index) => {
    // A volume has a price for all of its parts or for none.
    draft.volumes.push({ part, cost: claim === null ? null : (shares[index] ?? 0n) });
  });
  return unmountedRow(disk, pv_cost === null ? null : rest, { ...of, mounts });
}
