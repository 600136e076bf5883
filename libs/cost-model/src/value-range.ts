/** The values that samples of one kind can have; what lies outside is a fault of the exporter. NaN is in no range. */
export interface ValueRange {
  readonly least: number;
  readonly most: number;
}

/** Above an exabyte, or a million billion cores, nothing is a quantity. */
export const quantityRange: ValueRange = { least: 0, most: 1e18 };
/** Per core, GiB, GPU or hour. It also keeps a cost inside what the store's decimals hold. */
export const priceRange: ValueRange = { least: 0, most: 1e6 };
/** Up to 4 PiB: two such numbers still add up exactly in a double. */
export const counterRange: ValueRange = { least: 0, most: 2 ** 52 };
export const numberRange: ValueRange = { least: -Infinity, most: Infinity };

export const isWithin = (value: number, { least, most }: ValueRange): boolean => value >= least && value <= most;

/** Whether all values are in the range. It is asked of every sample of every pod: a callback for each would make objects of them. */
export function areWithin(values: readonly number[], { least, most }: ValueRange): boolean {
  for (const value of values) if (!(value >= least && value <= most)) return false;
  return true;
}
