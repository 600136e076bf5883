import { msPerDay, msPerHour, parseStep, stepsOf, type TimeWindow } from '@cloudtuner/cost-model';
import fc from 'fast-check';
import { keepsDaysWhole, piecesOf, spansOf, type StepSpan } from './allocation-spans';

const utc = (text: string): number => Date.parse(`${text}Z`);
const stepsIn = (from: string, until: string, step: string): TimeWindow[] =>
  stepsOf({ startMs: utc(from), endMs: utc(until) }, parseStep(step));
const hours = ({ startMs, endMs }: TimeWindow): number => (endMs - startMs) / msPerHour;

describe('spansOf', () => {
  it.each([
    // 31, 28 and 31 days: no two side by side are of one length.
    ['months', stepsIn('2026-01-01T00:00', '2026-04-01T00:00', 'month'), [744, 672, 744], [null, null, null]],
    // A part of a day, two whole ones and a part: the last may be shorter, the first may not.
    ['days from noon', stepsIn('2026-01-01T12:00', '2026-01-04T06:00', 'day'), [12, 54], [null, 24]],
    ['one step', stepsIn('2026-01-01T00:00', '2026-01-03T00:00', 'all'), [48], [null]],
    ['six hours each', stepsIn('2026-01-01T00:00', '2026-01-02T04:00', '6h'), [28], [6]],
  ])('gathers %s', (_title, steps, lengths, stepHours) => {
    const spans = spansOf(steps);
    expect(spans.map(hours)).toEqual(lengths);
    expect(spans.map(({ stepMs }) => (stepMs === null ? null : stepMs / msPerHour))).toEqual(stepHours);
  });
});

describe('piecesOf', () => {
  it('cuts a span of one long step at a midnight, as one told apart by nothing', () => {
    const span: StepSpan = { startMs: 0, endMs: 49 * msPerHour, stepMs: 49 * msPerHour };
    expect(piecesOf(span, hours, 24)).toEqual([
      { startMs: 0, endMs: 24 * msPerHour, stepMs: null },
      { startMs: 24 * msPerHour, endMs: 49 * msPerHour, stepMs: null },
    ]);
  });

  const arbitrary = fc.record({
    startMs: fc.nat(60 * 24).map((hour) => hour * msPerHour),
    stepHours: fc.option(fc.integer({ min: 1, max: 100 }), { nil: null }),
    count: fc.integer({ min: 1, max: 80 }),
  });

  it('cover the span side by side, cut between steps or else at midnight, each as cheap as it can be', () => {
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 24, max: 500 }), ({ startMs, stepHours, count }, mostHours) => {
        const stepMs = stepHours === null ? null : stepHours * msPerHour;
        const span: StepSpan = { startMs, endMs: startMs + count * (stepMs ?? msPerHour), stepMs };
        const pieces = piecesOf(span, hours, mostHours);
        expect(pieces[0]?.startMs).toBe(span.startMs);
        expect(pieces.at(-1)?.endMs).toBe(span.endMs);
        for (const [index, piece] of pieces.entries()) {
          expect(hours(piece)).toBeLessThanOrEqual(Math.max(mostHours, 48));
          const next = pieces[index + 1];
          if (next === undefined) continue;
          expect(next.startMs).toBe(piece.endMs);
          const isBetweenSteps = stepMs !== null && (piece.endMs - startMs) % stepMs === 0;
          expect(isBetweenSteps || piece.endMs % msPerDay === 0).toBe(true);
          // A piece that is told apart by steps begins with one.
          if (piece.stepMs !== null) expect((piece.startMs - startMs) % piece.stepMs).toBe(0);
        }
      }),
    );
  });
});

describe('keepsDaysWhole', () => {
  it.each([
    ['days', stepsIn('2026-01-01T12:00', '2026-01-04T00:00', 'day'), true],
    ['hours', stepsIn('2026-01-01T00:00', '2026-01-02T00:00', 'hour'), false],
    ['two days from noon', stepsIn('2026-01-01T12:00', '2026-01-07T12:00', '2d'), false],
    ['one step', stepsIn('2026-01-01T12:00', '2026-01-07T12:00', 'all'), true],
  ])('of %s', (_title, steps, expected) => {
    expect(keepsDaysWhole(steps)).toBe(expected);
  });
});
