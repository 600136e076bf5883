import { labelKeysOfRules, looksAtControllers, summarizeHour, type VersionedRules } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { daySeconds } from '../domain/calendar';
import { dayInputsOf, hourInputsOf, hoursVersionOf, longerSummary, summaryOf } from '../domain/summary-windows';
import type { Clock, HeldLock } from '../ports';
import type { HourCosts, HourInputs, Summary, SummaryStore } from '../summary-ports';
import { storeSummaries } from './store-summaries';

/** What {@link summarizeDay} works with. */
export interface SummarizePorts {
  readonly summaries: SummaryStore;
  readonly now: Clock;
}

// Versions that were superseded are removed some time after; another reading knows the new ones.
const readAttempts = 3;

async function readDay(
  { summaries }: SummarizePorts,
  cloudAccountId: string,
  of: { readonly day: number; readonly rules: VersionedRules; readonly signal: AbortSignal },
): Promise<{ readonly hours: readonly HourInputs[]; readonly costs: readonly HourCosts[] }> {
  const { rules } = of.rules;
  const grouping = { labelKeys: labelKeysOfRules(rules), withControllers: looksAtControllers(rules) };
  for (let attempt = 1; attempt <= readAttempts; attempt += 1) {
    const hours = await summaries.listHours(cloudAccountId, of.day);
    const costs = await summaries.readHours(cloudAccountId, hours, grouping, of.signal);
    if (costs !== null) return { hours, costs };
  }
  throw new AppError('facts-incomplete', 'The facts of a day, or what Kubecost said of it, are not all there.');
}

/** Summarizes the closed hours of a day and the day, which is their sum. What is unchanged is not written. */
export async function summarizeDay(
  ports: SummarizePorts,
  of: {
    readonly cloudAccountId: string;
    readonly day: number;
    readonly rules: VersionedRules;
    readonly lock: HeldLock;
  },
): Promise<number> {
  const { summaries, now } = ports;
  const { cloudAccountId, day, rules, lock } = of;
  const { hours, costs } = await readDay(ports, cloudAccountId, { day, rules, signal: lock.signal });
  const writtenAtMs = now();
  const rulesVersion = rules.version;
  const byHour: Summary[] = [];
  for (const [index, hour] of hours.entries()) {
    // An hour of a large cluster takes a while to compute: others have their turn in between.
    await nextTurn();
    lock.signal.throwIfAborted();
    const { facts, said } = costs[index] ?? { facts: [], said: null };
    const rows = summarizeHour(rules.rules, { cloudAccountId, facts, said });
    const made = { inputsVersion: hourInputsOf(hour, rules), rulesVersion, writtenAtMs };
    const { measuredSeconds, expectedSeconds } = hour;
    const counts = { closedHours: 1, apiHours: said === null ? 0 : 1, measuredSeconds, expectedSeconds };
    byHour.push(summaryOf({ duration: 'hour', start: hour.hour }, rows, { ...made, ...counts }));
  }
  const inputsVersion = dayInputsOf({ hoursVersion: hoursVersionOf(hours) }, rules);
  const whole = longerSummary({ duration: 'day', start: day }, byHour, { inputsVersion, rulesVersion, writtenAtMs });
  const window = { from: day, until: day + daySeconds };
  const current = [
    ...(await summaries.listStates(cloudAccountId, 'hour', window)),
    ...(await summaries.listStates(cloudAccountId, 'day', window)),
  ];
  return storeSummaries(summaries, { cloudAccountId, lock }, { current, wanted: [...byHour, whole] });
}
