import { secondsOf, sightingsOf } from './sightings';

const poll = (answeredAtMs: number, lastSampleAtMs: number | null, steps: number) => ({
  answeredAtMs,
  durationMs: 10,
  lastSampleAtMs,
  steps,
});

describe('sightings', () => {
  it('count each step once, from its scrape to the first answer that has it, and none of the first poll', () => {
    const polls = [poll(1_000, null, 1), poll(2_000, 500, 1), poll(30_000, 21_000, 3), poll(31_000, 21_000, 3)];
    // Steps 2 and 3 were scraped at 20 s and 21 s, and both seen at 30 s.
    expect(sightingsOf(polls, (step) => 18_000 + step * 1_000)).toEqual({
      agesMs: [1_500, 9_000, 10_000],
      stepsMs: [10_000, 9_000],
      durationsMs: [10, 10, 10, 10],
    });
  });

  it('are told in seconds, by nearest rank', () => {
    expect(secondsOf([3_000, 1_000, 2_000])).toEqual(['2.0', '3.0', '3.0', '3']);
    expect(secondsOf([])).toEqual(['–', '–', '–', '0']);
  });
});
