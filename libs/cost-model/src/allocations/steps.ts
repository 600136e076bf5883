import { AppError } from '@cloudtuner/errors';
import { echoed } from '../echo';
import { msPerDay, msPerHour, type TimeWindow } from '../window';
import type { AllocationSet } from './aggregate';
import { compare } from './distribute';
import { noProperties } from './properties';
import { SumBuilder } from './sum-builder';

/** Spans of the calendar, in UTC; weeks begin on Sunday. */
export const calendarSteps = ['hour', 'day', 'week', 'month', 'quarter'] as const;

export type CalendarStep = (typeof calendarSteps)[number];

/** What a window is cut into: spans of the calendar, or equal lengths from its start. `all` is one step. */
export type Step = CalendarStep | 'all' | { readonly durationMs: number };

const unitMs = { h: msPerHour, d: msPerDay, w: 7 * msPerDay } as const;

const isCalendarStep = (text: string): text is CalendarStep => calendarSteps.some((step) => step === text);

function stepInvalid(text: string, reason: string): AppError {
  return new AppError('step-invalid', `Cannot use the step ${echoed(text)}: ${reason}.`);
}

/**
 * Reads `hour`, `day`, `week`, `month`, `quarter`, `all`, or a length such as `6h`, `2d`, `1w`, `120m`.
 *
 * @throws AppError `step-invalid` for any other text, and for a length that is not whole hours: facts are hourly.
 */
export function parseStep(text: string): Step {
  if (text === 'all' || isCalendarStep(text)) return text;
  const [, count = '', unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  if (unit === '')
    throw stepInvalid(text, `expected all, ${calendarSteps.join(', ')}, or a length such as 6h, 2d or 1w`);
  const durationMs = unit === 'm' ? Number(count) * 60_000 : Number(count) * unitMs[unit as keyof typeof unitMs];
  if (durationMs === 0 || durationMs % msPerHour !== 0) throw stepInvalid(text, 'costs are known by the whole hour');
  return { durationMs };
}

/** The start of the next span of the calendar after a moment. */
function nextStart(step: CalendarStep, timestampMs: number): number {
  const date = new Date(timestampMs);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  switch (step) {
    case 'hour':
      return (Math.floor(timestampMs / msPerHour) + 1) * msPerHour;
    case 'day':
      return Date.UTC(year, month, day + 1);
    case 'week':
      return Date.UTC(year, month, day + 7 - date.getUTCDay());
    case 'month':
      return Date.UTC(year, month + 1, 1);
    case 'quarter':
      return Date.UTC(year, month - (month % 3) + 3, 1);
  }
}

/**
 * The steps of a window in order, side by side. The last one ends with the window (in OpenCost it may end after it), and
 * so does the first one of the calendar when the window begins within a span.
 */
export function stepsOf(window: TimeWindow, step: Step): TimeWindow[] {
  if (step === 'all') return [window];
  const steps: TimeWindow[] = [];
  for (let startMs = window.startMs; startMs < window.endMs;) {
    const nextMs = typeof step === 'string' ? nextStart(step, startMs) : startMs + step.durationMs;
    const endMs = Math.min(nextMs, window.endMs);
    steps.push({ startMs, endMs });
    startMs = endMs;
  }
  return steps;
}

function addUp(sets: readonly AllocationSet[], window: TimeWindow): AllocationSet {
  const sums = new Map<string, SumBuilder>();
  for (const row of sets.flatMap(({ rows }) => rows)) {
    const sum = sums.get(row.name) ?? new SumBuilder(row.name, window);
    sums.set(row.name, sum);
    sum.addRow(row);
  }
  const rows = [...sums.values()].map((sum) => sum.build(noProperties));
  return { window, rows: rows.sort((a, b) => compare(a.name, b.name)) };
}

/**
 * Sets added up over time: rows of the same name become one. `all` makes one set. Sharing stays as it was decided in each
 * of the given sets.
 *
 * @throws AppError `step-invalid` when a set does not lie within one span.
 */
export function accumulateSets(sets: readonly AllocationSet[], by: CalendarStep | 'all'): AllocationSet[] {
  const [first, last] = [sets[0], sets.at(-1)];
  if (first === undefined || last === undefined) return [];
  const whole = { startMs: first.window.startMs, endMs: last.window.endMs };
  const spans = stepsOf(whole, by);
  const accumulated = spans.map((span) => {
    const within = sets.filter(({ window }) => window.startMs >= span.startMs && window.endMs <= span.endMs);
    return { span, within };
  });
  if (accumulated.reduce((count, { within }) => count + within.length, 0) !== sets.length) {
    throw stepInvalid(by, 'the steps are longer than it, or lie across its edges');
  }
  return accumulated.map(({ span, within }) => addUp(within, span));
}
