import { decide, versionOf, type HourReading, type HourState } from './hour-state';

const hour = 1_772_341_200;
const reading: HourReading = {
  assets: [],
  allocations: [],
  sha256: 'a'.repeat(64),
  measuredSeconds: 3_600,
  observedSeconds: 3_600,
  expectedSeconds: 3_600,
  lastSampleSeconds: hour + 3_540,
  flags: ['network-not-measured'],
};
const stored = (change: Partial<HourState> = {}): HourState => ({
  hour,
  dataVersion: versionOf(reading.sha256, change.closed ?? true),
  readAtMs: 5_000,
  closed: true,
  assetRows: 0,
  allocationRows: 0,
  measuredSeconds: 3_600,
  expectedSeconds: 3_600,
  lastSampleSeconds: hour + 3_540,
  flags: ['network-not-measured'],
  ...change,
});
const at = (change: Partial<{ closed: boolean; readAtMs: number }> = {}) => ({
  hour,
  closed: true,
  readAtMs: 9_000,
  ...change,
});

describe('a reading of an hour', () => {
  it('is stored when there is none', () => {
    expect(decide(null, reading, at())).toEqual({ kind: 'store', state: stored({ readAtMs: 9_000 }) });
  });

  it('that says the same is not stored again', () => {
    expect(decide(stored(), reading, at())).toEqual({ kind: 'unchanged', state: stored() });
  });

  it.each<Partial<HourReading>>([
    { sha256: 'b'.repeat(64) },
    { flags: [] },
    { flags: ['coverage-gap'] },
    { lastSampleSeconds: null },
    { measuredSeconds: 3_601 },
    { expectedSeconds: 3_599 },
  ])('with other %j is stored', (change) => {
    expect(decide(stored(), { ...reading, ...change }, at()).kind).toBe('store');
  });

  it('closes an hour that was running, with the same rows', () => {
    const decision = decide(stored({ closed: false }), reading, at());
    expect(decision).toMatchObject({ kind: 'store', state: { closed: true, dataVersion: reading.sha256 } });
  });

  it('never opens a closed hour again', () => {
    expect(decide(stored(), reading, at({ closed: false })).kind).toBe('unchanged');
    const changed = decide(stored(), { ...reading, sha256: 'b'.repeat(64) }, at({ closed: false }));
    expect(changed).toMatchObject({ kind: 'store', state: { closed: true, dataVersion: 'b'.repeat(64) } });
  });

  it('replaces a closed hour whose prices were taken back, for its samples are all there', () => {
    const unpriced = { ...reading, measuredSeconds: 0, flags: ['node-unpriced'], sha256: 'b'.repeat(64) };
    expect(decide(stored(), unpriced, at())).toMatchObject({ kind: 'store', state: { measuredSeconds: 0 } });
    // The price holds for the second half of the hour only.
    expect(decide(stored(), { ...unpriced, measuredSeconds: 1_800, flags: [] }, at()).kind).toBe('store');
    expect(decide(stored(), { ...unpriced, observedSeconds: 3_599 }, at()).kind).toBe('keep');
  });

  it('does not replace a closed hour of which more was measured', () => {
    const forgotten = { ...reading, measuredSeconds: 3_599, observedSeconds: 3_599, sha256: 'b'.repeat(64) };
    expect(decide(stored(), forgotten, at())).toEqual({ kind: 'keep' });
    expect(decide(stored({ closed: false }), { ...reading, measuredSeconds: 0 }, at()).kind).toBe('store');
  });

  it('is newer than what is stored, whatever the clock says', () => {
    expect(decide(stored({ readAtMs: 99_000 }), { ...reading, flags: [] }, at())).toMatchObject({
      state: { readAtMs: 99_001 },
    });
  });

  it('of a running hour is not stored again only because more is expected by now', () => {
    const running = stored({ closed: false, expectedSeconds: 600 });
    expect(decide(running, { ...reading, expectedSeconds: 660 }, at({ closed: false })).kind).toBe('unchanged');
  });

  it('of a running hour without anything is not worth a row; of an ended hour it is', () => {
    expect(decide(null, { ...reading, measuredSeconds: 0 }, at({ closed: false })).kind).toBe('nothing');
    expect(decide(null, { ...reading, measuredSeconds: 0 }, at()).kind).toBe('store');
  });
});
