export type { QueriedSeries, QueryResult } from './answer';
export {
  createPrometheusClient,
  type PrometheusClient,
  type PrometheusClientOptions,
  type QueryOptions,
} from './client';
export { isMetricName, quoteRegex } from './escape';
export type { Expression, ExpressionKind, InstantVector, RangeVector, Scalar } from './expression';
export {
  avgBy,
  avgOverTime,
  countBy,
  countOverTime,
  increase,
  lastOverTime,
  maxBy,
  maxOverTime,
  offset,
  quantileOverTime,
  range,
  rate,
  scalar,
  subquery,
  sumBy,
  sumOverTime,
  timestamp,
} from './functions';
export { oneOf, selector, tenantLabel, type Matcher, type MetricChoice, type SelectorOptions } from './selector';
