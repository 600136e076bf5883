import fc from 'fast-check';
import { createSampleCluster } from './sample-cluster';
import type { HistoryChunk } from './history';
import type { Label } from './series';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A Tuesday morning: replicas for the day have just come, Jobs come and go. */
const START_MS = Date.UTC(2026, 8, 15, 7, 45);

const cluster = createSampleCluster({ seed: 3, name: 'shop', clusterId: 'shop-1', profile: 'shop' });
/** Label arrays are reused from instant to instant, so their text is worth keeping. */
const texts = new WeakMap<readonly Label[], string>();
function textOf(labels: readonly Label[]): string {
  const text = texts.get(labels) ?? labels.map(({ name, value }) => `${name}=${value}`).join('|');
  texts.set(labels, text);
  return text;
}

/** What two maps do not share; the matcher of Jest takes seconds for maps of this size. */
function differences(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): string[] {
  const missing = (from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): string[] =>
    [...from].filter(([key, value]) => to.get(key) !== value).map(([key]) => key);
  return [...missing(left, right), ...missing(right, left)];
}

/** Value by instant and series, and the same for stale markers. */
function unfold(chunks: Iterable<HistoryChunk>): { samples: Map<string, number>; stale: Set<string> } {
  const samples = new Map<string, number>();
  const stale = new Set<string>();
  for (const chunk of chunks) {
    for (const { labels, samples: ofSeries } of chunk.timeseries) {
      for (const sample of ofSeries) {
        const key = `${String(sample.timestampMs)} ${textOf(labels)}`;
        if (samples.has(key) || stale.has(key)) throw new Error(`Twice: ${key}`);
        if (sample.valueBits === undefined) samples.set(key, sample.value);
        else stale.add(key);
      }
    }
  }
  return { samples, stale };
}

function scraped(startMs: number, endMs: number, stepMs: number): Map<string, number> {
  const samples = new Map<string, number>();
  for (let tMs = startMs; tMs < endMs; tMs += stepMs) {
    for (const { labels, value } of cluster.seriesAt(tMs)) samples.set(`${String(tMs)} ${textOf(labels)}`, value);
  }
  return samples;
}

describe('history', () => {
  it('equals scrapes at the same instants, whatever the phase, the step and the span of a request', () => {
    const phase = fc.integer({ min: 0, max: 59_999 });
    const step = fc.constantFrom(60_000, 90_000, 300_000);
    const chunk = fc.constantFrom(MINUTE_MS, 7 * MINUTE_MS, 6 * HOUR_MS);
    fc.assert(
      fc.property(phase, step, chunk, (phaseMs, stepMs, chunkMs) => {
        const startMs = START_MS + phaseMs;
        const endMs = startMs + 30 * MINUTE_MS;
        const { samples } = unfold(cluster.history({ startMs, endMs, stepMs, chunkMs }));
        expect(differences(samples, scraped(startMs, endMs, stepMs))).toEqual([]);
      }),
      { numRuns: 4 },
    );
  });

  it('does not depend on the span of a request', () => {
    const window = { startMs: START_MS, endMs: START_MS + 40 * MINUTE_MS };
    const inOne = unfold(cluster.history({ ...window, chunkMs: 6 * HOUR_MS }));

    for (const options of [{ chunkMs: MINUTE_MS }, { chunkMs: 20 * MINUTE_MS, maxSamplesPerRequest: 5000 }]) {
      const inMany = unfold(cluster.history({ ...window, ...options }));
      expect(differences(inMany.samples, inOne.samples)).toEqual([]);
      expect([...inMany.stale].sort()).toEqual([...inOne.stale].sort());
    }
  });

  it('ends a series with one stale marker at the first instant after it, and only if it had a sample before', () => {
    const endMs = START_MS + HOUR_MS;
    const { samples, stale } = unfold(cluster.history({ startMs: START_MS, endMs }));

    const shifted = (key: string, byMs: number): { tMs: number; key: string } => {
      const space = key.indexOf(' ');
      const tMs = Number(key.slice(0, space)) + byMs;
      return { tMs, key: `${String(tMs)}${key.slice(space)}` };
    };
    const ended = [...samples.keys()]
      .map((key) => shifted(key, MINUTE_MS))
      .filter((next) => next.tMs < endMs && !samples.has(next.key));

    expect(ended.length).toBeGreaterThan(0);
    expect([...stale].sort()).toEqual(ended.map((next) => next.key).sort());
  });

  it('keeps a request below 20,000 series and 50,000 samples, in order of time, as the gateway wants it', () => {
    const chunks = [...cluster.history({ startMs: START_MS, endMs: START_MS + 4 * HOUR_MS, chunkMs: 2 * HOUR_MS })];
    const starts = chunks.map((chunk) => chunk.startMs);

    expect(starts).toEqual(starts.toSorted((left, right) => left - right));
    expect(new Set(starts)).toEqual(new Set([START_MS, START_MS + 2 * HOUR_MS]));
    for (const { timeseries, sampleCount } of chunks) {
      expect(sampleCount).toBe(timeseries.reduce((sum, { samples }) => sum + samples.length, 0));
      expect(sampleCount).toBeLessThanOrEqual(50_000);
      expect(timeseries.length).toBeLessThanOrEqual(20_000);
      const outOfOrder = timeseries.filter(({ samples }) =>
        samples.some((sample, index) => index > 0 && sample.timestampMs <= (samples[index - 1]?.timestampMs ?? 0)),
      );
      expect(outOfOrder).toEqual([]);
    }
  });

  it('has no sample at or after its end', () => {
    const endMs = START_MS + 90_000;
    const instants = new Set(
      [...cluster.history({ startMs: START_MS, endMs })].flatMap(({ timeseries }) =>
        timeseries.flatMap(({ samples }) => samples.map((sample) => sample.timestampMs)),
      ),
    );

    expect([...instants]).toEqual([START_MS, START_MS + MINUTE_MS]);
  });
});
