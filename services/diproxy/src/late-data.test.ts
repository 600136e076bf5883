import { LateData } from './late-data';
import type { TouchedHours } from './ports';

const account = '0b6f8e52-7a55-4c8b-9f5e-000000000001';
const hourSeconds = 3_600;
/** 2026-03-01T12:00:00Z. */
const noon = 1_772_366_400;
const at = (seconds: number): number => seconds * 1000;
const span = (fromSeconds: number, toSeconds = fromSeconds): { minTimestampMs: number; maxTimestampMs: number } => ({
  minTimestampMs: at(fromSeconds),
  maxTimestampMs: at(toSeconds),
});

function gather({ nowSeconds = noon + 1_800, maxHours = 48 } = {}) {
  const marked: number[] = [];
  const outcomes: Record<string, number> = {};
  const failures: unknown[] = [];
  const clock = { seconds: nowSeconds };
  let away = false;
  const touchedHours: TouchedHours = {
    mark: (hours) => {
      if (away) return Promise.reject(new Error('away'));
      marked.push(...hours.map(({ hour }) => hour));
      return Promise.resolve();
    },
    close: () => undefined,
  };
  const lateData = new LateData({
    touchedHours,
    maxHours,
    now: () => at(clock.seconds),
    onHours: (outcome, hours) => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + hours;
    },
    onFailure: (cause) => failures.push(cause),
  });
  return {
    lateData,
    marked,
    outcomes,
    failures,
    clock,
    setAway: (value: boolean) => {
      away = value;
    },
  };
}

describe('late data', () => {
  it('is not what the running hour gets', async () => {
    const { lateData, marked } = gather();
    lateData.note(account, span(noon + 300, noon + 1_800));
    await lateData.flush();
    expect([lateData.pendingCount, marked]).toEqual([0, []]);
  });

  it('begins nine minutes after the end of an hour: before, it is read later anyway', async () => {
    const early = gather({ nowSeconds: noon + 539 });
    early.lateData.note(account, span(noon - 1));
    await early.lateData.flush();
    expect(early.marked).toEqual([]);

    const late = gather({ nowSeconds: noon + 540 });
    late.lateData.note(account, span(noon - 1));
    await late.lateData.flush();
    expect(late.marked).toEqual([noon - hourSeconds]);
  });

  it('within five minutes of the edge of an hour touches the hours on both sides', async () => {
    const touchedBy = async (seconds: number): Promise<number[]> => {
      const { lateData, marked } = gather();
      lateData.note(account, span(seconds));
      await lateData.flush();
      return marked.map((hour) => (hour - noon) / hourSeconds);
    };
    const edge = noon - hourSeconds;
    expect(await Promise.all([-301, -300, 0, 299, 300].map((seconds) => touchedBy(edge + seconds)))).toEqual([
      [-2],
      [-2, -1],
      [-2, -1],
      [-2, -1],
      [-1],
    ]);
    // The running hour tells of the end of the one before.
    expect(await touchedBy(noon + 299)).toEqual([-1]);
  });

  it('marks every ended hour from the first to the last sample, once, and not the running one', async () => {
    const { lateData, marked, outcomes } = gather();
    lateData.note(account, span(noon - 2 * hourSeconds + 300, noon + 60));
    lateData.note(account, span(noon - 2 * hourSeconds + 307));
    await lateData.flush();
    expect(marked).toEqual([noon - 2 * hourSeconds, noon - hourSeconds]);
    expect(outcomes).toEqual({ marked: 2 });
  });

  it('marks an hour again when it is touched after it was marked', async () => {
    const { lateData, marked } = gather();
    for (let round = 0; round < 2; round += 1) {
      lateData.note(account, span(noon - 10));
      await lateData.flush();
    }
    expect(marked).toEqual([noon - hourSeconds, noon - hourSeconds]);
  });

  it('goes no further back than it is told, and counts what is older', async () => {
    const { lateData, marked, outcomes } = gather({ maxHours: 3 });
    lateData.note(account, span(noon - 10 * hourSeconds, noon - 10));
    lateData.note(account, span(noon - 20 * hourSeconds));
    await lateData.flush();
    expect(marked).toEqual([3, 2, 1].map((hours) => noon - hours * hourSeconds));
    // Eight of the first write, two of the second: each touches the hour before its first sample, too.
    expect(outcomes).toEqual({ too_old: 10, marked: 3 });
  });

  it('keeps what it could not leave for the next time', async () => {
    const { lateData, marked, failures, setAway } = gather();
    setAway(true);
    lateData.note(account, span(noon - 10));
    await lateData.flush();
    lateData.note(account, span(noon - hourSeconds - 10));
    expect([lateData.pendingCount, failures.length]).toEqual([2, 1]);
    setAway(false);
    await lateData.flush();
    expect(marked.toSorted((a, b) => a - b)).toEqual([noon - 2 * hourSeconds, noon - hourSeconds]);
    expect(lateData.pendingCount).toBe(0);
  });

  it('leaves the last marks when the gateway stops', async () => {
    const { lateData, marked } = gather();
    lateData.start();
    lateData.note(account, span(noon - 10));
    await lateData.stop();
    expect(marked).toEqual([noon - hourSeconds]);
  });

  it('holds so many hours and drops the rest, counted', async () => {
    const { lateData, outcomes } = gather({ maxHours: 8_784 });
    for (let index = 0; index < 12; index += 1) {
      lateData.note(`account-${String(index)}`, span(noon - 8_784 * hourSeconds + 300, noon - 1));
    }
    expect(lateData.pendingCount).toBe(100_000);
    await lateData.flush();
    // 12 × 8,784 = 105,408.
    expect(outcomes).toEqual({ dropped: 5_408, marked: 100_000 });
  });
});
