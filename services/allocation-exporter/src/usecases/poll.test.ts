import { AppError } from '@cloudtuner/errors';
import { createClosedHours } from '../domain/closed-hours';
import type { ReadHour } from '../domain/hour';
import { rowOf } from '../testing/rows';
import { createPoll, type PollEvents } from './poll';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const noonMs = Date.UTC(2026, 0, 5, 12);
const signal = new AbortController().signal;

/** A poll over a Kubecost that answers what it is told, a Prometheus that scrapes once a minute, and a clock. */
function createWorld(lookbackHours = 2) {
  const costs = new Map<number, number>();
  const asked: number[] = [];
  const outcomes: string[] = [];
  const world = { nowMs: noonMs + 20 * minuteMs, isAway: false, scrapesPerMinute: 1 };
  let text = '';
  let scrapes = 0;
  const events: PollEvents = {
    readHour: () => undefined,
    failed: (kind, { code }) => outcomes.push(`${kind} ${code}`),
    closedHour: (outcome) => outcomes.push(outcome),
    stale: () => outcomes.push('stale'),
  };
  const poll = createPoll({
    source: {
      async readHour(startMs): Promise<ReadHour> {
        if (world.isAway) throw new AppError('kubecost-unavailable', 'away');
        asked.push(startMs);
        const cost = costs.get(startMs);
        return { startMs, assets: [], rows: cost === undefined ? [] : [rowOf({ costs: { cpu: cost } })] };
      },
    },
    publisher: {
      async publish(lines) {
        text = [...lines].join('');
        scrapes = 0;
      },
      get scrapes() {
        return scrapes;
      },
    },
    closedHours: createClosedHours({
      settleMs: 5 * minuteMs,
      lookbackMs: lookbackHours * hourMs,
      minIntervalMs: minuteMs,
      maxIntervalMs: 6 * hourMs,
    }),
    foldLimits: { minHourlyCost: 0, maxPods: 100 },
    nowMs: () => world.nowMs,
    staleMs: 3 * minuteMs,
    dwellMs: 2 * minuteMs,
    events,
  });
  return {
    world,
    poll,
    asked,
    outcomes,
    costs,
    async minute(): Promise<string> {
      await poll.round(signal);
      scrapes += world.scrapesPerMinute;
      world.nowMs += minuteMs;
      return shownIn(text);
    },
    get text() {
      return text;
    },
  };
}

/** `hour of the day: cost` of the closed window. */
function shownIn(text: string): string {
  const start = /window_start_seconds\{window="closed"\} (\d+)/.exec(text)?.[1];
  const cost = /window_cost\{window="closed"\} (\S+)/.exec(text)?.[1];
  return start === undefined ? '-' : `${String(new Date(Number(start) * 1000).getUTCHours())}: ${cost ?? '?'}`;
}

describe('a poll', () => {
  it('shows the running hour always, and closed hours one after the other, the latest first, then none', async () => {
    const { costs, minute } = createWorld();
    for (const [hour, cost] of [
      [12, 0.3],
      [11, 1.1],
      [10, 1],
      [9, 0.9],
    ] as const)
      costs.set(Date.UTC(2026, 0, 5, hour), cost);
    const shown: string[] = [];
    for (let round = 0; round < 8; round += 1) shown.push(await minute());
    // Two minutes and two scrapes each; at 12:20 the hour from 9 ended more than two hours ago.
    expect(shown).toEqual(['11: 1.1', '11: 1.1', '10: 1', '10: 1', '-', '-', '-', '-']);
  });

  it('shows an hour again only when Kubecost says something else of it', async () => {
    const { costs, minute, outcomes, world } = createWorld(1);
    costs.set(noonMs - hourMs, 1.1);
    for (let round = 0; round < 6; round += 1) await minute();
    expect(outcomes).toEqual(['shown']);
    // Half of its age later it is the same; then it is restated.
    world.nowMs = noonMs + 40 * minuteMs;
    expect(await minute()).toBe('-');
    expect(outcomes).toEqual(['shown', 'same']);
    costs.set(noonMs - hourMs, 0.8);
    world.nowMs = noonMs + 60 * minuteMs;
    expect(await minute()).toBe('11: 0.8');
  });

  it('keeps a closed hour until it was scraped twice', async () => {
    const { costs, minute, world } = createWorld();
    costs.set(noonMs - hourMs, 1.1);
    costs.set(noonMs - 2 * hourMs, 1);
    world.scrapesPerMinute = 0;
    for (let round = 0; round < 10; round += 1) expect(await minute()).toBe('11: 1.1');
    world.scrapesPerMinute = 1;
    expect([await minute(), await minute(), await minute()]).toEqual(['11: 1.1', '11: 1.1', '10: 1']);
  });

  it('does not show an hour of which Kubecost has nothing', async () => {
    const { minute, outcomes } = createWorld();
    expect(await minute()).toBe('-');
    expect(outcomes).toEqual(['empty', 'empty']);
  });

  it('serves the running hour for as long as it may be old, then ends its series, and heals', async () => {
    const world = createWorld();
    world.costs.set(noonMs, 0.3);
    const isServed = () => /window_start_seconds\{window="running"\}/.test(world.text);
    await world.minute();
    world.world.isAway = true;
    const served: boolean[] = [];
    for (let round = 0; round < 4; round += 1) {
      await world.minute();
      served.push(isServed());
    }
    expect(served).toEqual([true, true, false, false]);
    expect(world.text).toContain('kubecost_exporter_up{source="allocation"} 0');
    world.world.isAway = false;
    await world.minute();
    expect(isServed()).toBe(true);
    expect(world.outcomes.filter((outcome) => outcome === 'stale')).toHaveLength(1);
  });

  it('takes away what is too old also while it waits for an answer', async () => {
    const world = createWorld();
    world.costs.set(noonMs, 0.3);
    await world.minute();
    world.world.nowMs += 3 * minuteMs;
    await world.poll.expire();
    expect(world.text).not.toContain('window="running"');
  });

  it('reads the hours that ended while Kubecost was away when it is back', async () => {
    const world = createWorld(5);
    for (let hour = 7; hour <= 15; hour += 1) world.costs.set(Date.UTC(2026, 0, 5, hour), hour);
    for (let round = 0; round < 15; round += 1) await world.minute();
    world.world.isAway = true;
    for (let round = 0; round < 130; round += 1) await world.minute();
    world.world.isAway = false;
    const shown: string[] = [];
    for (let round = 0; round < 6; round += 1) shown.push(await world.minute());
    // It went at 12:35 and came back at 14:45.
    expect(shown).toEqual(['13: 13', '13: 13', '12: 12', '12: 12', '-', '-']);
  });
});
