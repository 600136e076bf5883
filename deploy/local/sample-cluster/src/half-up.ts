/** A quotient of two non-negative integers, rounded to the nearest integer, halves up. */
export function dividedHalfUp(numerator: bigint, divisor: bigint): bigint {
  return (2n * numerator + divisor) / (2n * divisor);
}
