import { AppError } from '@cloudtuner/errors';
import { z } from 'zod';

/** A label set and its samples, times and values side by side. */
export interface QueriedSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** In time order. */
  readonly timestampsMs: readonly number[];
  readonly values: readonly number[];
}

/** What a query gave. */
export interface QueryResult {
  readonly series: readonly QueriedSeries[];
  /** Remarks on the query itself, such as a rate of something that does not look like a counter. */
  readonly remarks: readonly string[];
}

const point = z.tuple([z.number(), z.string()]);
const labels = z.record(z.string(), z.string());
const data = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric: labels, value: point.optional() })) }),
  // Points of a matrix are by far most of an answer: they are checked while they are decoded, not before.
  z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.object({ metric: labels, values: z.array(z.unknown()).optional() })),
  }),
  z.object({ resultType: z.literal('scalar'), result: point }),
]);
const success = z.object({
  status: z.literal('success'),
  data,
  warnings: z.array(z.string()).nullish(),
  infos: z.array(z.string()).nullish(),
});

/** A sample value: `NaN`, `+Inf` and `-Inf` are written so by the store. */
function parseValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  if (text === '' || (Number.isNaN(value) && text !== 'NaN')) throw malformedAnswer('a value is not a number');
  return value;
}

/** The error of an answer that is not one of the query API. */
export function malformedAnswer(what: string, cause?: unknown): AppError {
  return new AppError(
    'metrics-store-unavailable',
    `The metrics store answered in a form that is not its own: ${what}.`,
    {
      cause,
    },
  );
}

function decodePoints(metric: Readonly<Record<string, string>>, points: readonly unknown[]): QueriedSeries {
  const timestampsMs: number[] = [];
  const values: number[] = [];
  for (const one of points) {
    if (!Array.isArray(one)) throw malformedAnswer('a point is not a pair');
    const [seconds, text] = one as unknown[];
    if (typeof seconds !== 'number' || typeof text !== 'string')
      throw malformedAnswer('a point is not a time and a value');
    timestampsMs.push(Math.round(seconds * 1000));
    values.push(parseValue(text));
  }
  return { labels: metric, timestampsMs, values };
}

// What PromQL itself remarks begins so; any other warning is a store that could not be read.
const promqlRemark = /^PromQL (warning|info):/;

/** @throws AppError `metrics-store-unavailable` when a warning is not a remark of PromQL itself. */
export function throwIfPartial(warnings: readonly string[]): void {
  const partial = warnings.find((text) => !promqlRemark.test(text));
  if (partial !== undefined) {
    throw new AppError('metrics-store-unavailable', 'The metrics store could read only a part of the series.', {
      cause: new Error(partial),
    });
  }
}

/**
 * The result of an answer. Native histograms have no place in it and are left out.
 *
 * @throws AppError `metrics-store-unavailable` when it is not an answer of the query API, or when a warning says that a
 * part of the series could not be read: less than all would be a wrong sum, not a small one.
 */
export function decodeAnswer(body: unknown): QueryResult {
  const parsed = success.safeParse(body);
  if (!parsed.success) throw malformedAnswer('see the cause', parsed.error);
  const { data: answer, warnings, infos } = parsed.data;
  const all = [...(warnings ?? []), ...(infos ?? [])];
  throwIfPartial(all);
  switch (answer.resultType) {
    case 'vector':
      return {
        series: answer.result.map(({ metric, value }) => decodePoints(metric, value === undefined ? [] : [value])),
        remarks: all,
      };
    case 'matrix':
      return { series: answer.result.map(({ metric, values }) => decodePoints(metric, values ?? [])), remarks: all };
    case 'scalar':
      return { series: [decodePoints({}, [answer.result])], remarks: all };
  }
}
