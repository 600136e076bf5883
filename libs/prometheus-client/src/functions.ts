import { AppError } from '@cloudtuner/errors';
import { labelName } from './escape';
import { Expression, type InstantVector, type RangeVector, type Scalar } from './expression';

function durationText(durationMs: number): string {
  if (!Number.isSafeInteger(durationMs) || durationMs <= 0) {
    throw new AppError('internal-error', 'A duration in a query must be a positive number of milliseconds.');
  }
  return durationMs % 1000 === 0 ? `${String(durationMs / 1000)}s` : `${String(durationMs)}ms`;
}

const instant = (text: string): InstantVector => new Expression('instant', text);

/** `selector[range]`: every sample of the last `rangeMs`, with its true time. Takes a bare selector. */
export function range(vector: InstantVector, rangeMs: number): RangeVector {
  return new Expression('range', `${vector.toString()}[${durationText(rangeMs)}]`);
}

/** `(vector)[range:step]`: the expression evaluated each step. Steps lie on multiples of it since the epoch. */
export function subquery(vector: InstantVector, rangeMs: number, stepMs: number): RangeVector {
  return new Expression('range', `(${vector.toString()})[${durationText(rangeMs)}:${durationText(stepMs)}]`);
}

/** `selector offset d`: the selector as of `offsetMs` earlier. Takes a bare selector, range or subquery. */
export function offset<Kind extends 'instant' | 'range'>(vector: Expression<Kind>, offsetMs: number): Expression<Kind> {
  return new Expression(vector.kind, `${vector.toString()} offset ${durationText(offsetMs)}`);
}

const overTime = (name: string) => (vector: RangeVector) => instant(`${name}(${vector.toString()})`);

/** Growth of a counter per second. */
export const rate = overTime('rate');
/** Growth of a counter, extrapolated to the range. */
export const increase = overTime('increase');
/** The greatest sample of each series. */
export const maxOverTime = overTime('max_over_time');
/** The mean of the samples of each series. */
export const avgOverTime = overTime('avg_over_time');
/** The sum of the samples of each series. */
export const sumOverTime = overTime('sum_over_time');
/** The number of samples of each series. */
export const countOverTime = overTime('count_over_time');
/** The latest sample of each series. */
export const lastOverTime = overTime('last_over_time');

/** Unix seconds of each series' sample that counts at the moment of the query. Takes a bare selector. */
export function timestamp(vector: InstantVector): InstantVector {
  return instant(`timestamp(${vector.toString()})`);
}

/** The φ-quantile of the samples of each series. */
export function quantileOverTime(quantile: number, vector: RangeVector): InstantVector {
  if (!(quantile >= 0 && quantile <= 1)) throw new AppError('internal-error', 'A quantile lies between 0 and 1.');
  return instant(`quantile_over_time(${String(quantile)},${vector.toString()})`);
}

const aggregateBy =
  (operator: string) =>
  (labels: readonly string[], vector: InstantVector): InstantVector =>
    instant(`${operator} by (${labels.map(labelName).join(',')}) (${vector.toString()})`);

/** The mean over the series that agree in these labels. */
export const avgBy = aggregateBy('avg');
/** The sum over the series that agree in these labels. */
export const sumBy = aggregateBy('sum');
/** The greatest over the series that agree in these labels. */
export const maxBy = aggregateBy('max');
/** The number of series that agree in these labels. */
export const countBy = aggregateBy('count');

/** A number. The cheapest question there is: a store that answers it evaluates queries. */
export function scalar(number: number): Scalar {
  if (!Number.isFinite(number)) throw new AppError('internal-error', 'A number in a query must be finite.');
  return new Expression('scalar', String(number));
}
