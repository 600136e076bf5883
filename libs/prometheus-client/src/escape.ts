import { AppError } from '@cloudtuner/errors';

/**
 * A PromQL string literal of any text.
 *
 * **Source**: PromQL's double-quoted strings follow Go's, of which JSON's escapes are a part. Two exceptions: an unpaired
 * surrogate has no UTF-8 form and becomes U+FFFD, as on any way to the store; and U+FFFD itself is taken by Prometheus's
 * lexer for a broken byte unless it is escaped.
 */
export function quote(text: string): string {
  return JSON.stringify(Buffer.from(text, 'utf8').toString('utf8')).replaceAll('\uFFFD', '\\ufffd');
}

/** A regular expression (RE2) that matches exactly this text. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

const labelNamePattern = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const metricNamePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** True for a name that every Prometheus takes as the name of a metric. */
export function isMetricName(text: string): boolean {
  return metricNamePattern.test(text);
}

/** @throws AppError `internal-error` when the text is not the name of a label. */
export function labelName(text: string): string {
  if (!labelNamePattern.test(text)) throw new AppError('internal-error', 'A label name in a query is not one.');
  return text;
}

/** @throws AppError `internal-error` when the text is not the name of a metric. */
export function metricName(text: string): string {
  if (!isMetricName(text)) throw new AppError('internal-error', 'A metric name in a query is not one.');
  return text;
}
