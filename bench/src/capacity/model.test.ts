import { capacityOf } from './model';

it('1,000 pods of 30 series a minute are 500 samples a second', () => {
  const capacity = capacityOf(1_000);
  expect(capacity.samplesPerSecond).toBe(500);
  // 500 × .5 µs, a core used by half.
  expect(capacity.gatewayCores).toBeCloseTo(0.0005, 12);
  // Three copies of 500 × 4 µs.
  expect(capacity.receiveCores).toBeCloseTo(0.012, 12);
  // 1,000 pods × 1.75 ms × 5 readings an hour = 8.75 s of 3,600, by half.
  expect(capacity.pricingCores).toBeCloseTo(17.5 / 3_600, 12);
  // 1,000 × 8,760 × 117.5 bytes.
  expect(capacity.clickhouseGibPerYear).toBeCloseTo(1_029.3e6 / 2 ** 30, 12);
});

it('everything grows in proportion', () => {
  const [one, ten] = [capacityOf(1_000), capacityOf(10_000)];
  for (const [name, value] of Object.entries(ten)) {
    expect(value / one[name as keyof typeof one]).toBeCloseTo(10, 9);
  }
});
