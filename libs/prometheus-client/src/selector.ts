import { AppError } from '@cloudtuner/errors';
import { labelName, metricName, quote, quoteRegex } from './escape';
import { Expression, type InstantVector } from './expression';

/** Label that says whose series it is. Stores add it or the gateway does; a sender cannot set it. */
export const tenantLabel = 'tenant_id';

/** A condition on a label. Regular expressions are RE2, anchored at both ends. */
export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  /** A text for `=` and `!=`, a regular expression for the others. */
  readonly value: string;
}

/** A matcher of exactly one of several texts. */
export function oneOf(label: string, texts: readonly string[]): Matcher {
  return { label, operator: '=~', value: texts.map(quoteRegex).join('|') };
}

/** What to select: one metric, several by name, or all whose name matches a regular expression. */
export type MetricChoice =
  { readonly metric: string } | { readonly metrics: readonly string[] } | { readonly metricPattern: string };

/** Every selector names a tenant and metrics; further matchers narrow it. */
export type SelectorOptions = MetricChoice & { readonly tenantId: string; readonly matchers?: readonly Matcher[] };

function nameMatcher(choice: MetricChoice): Matcher {
  if ('metric' in choice) return { label: '__name__', operator: '=', value: metricName(choice.metric) };
  if ('metrics' in choice) return oneOf('__name__', choice.metrics.map(metricName));
  return { label: '__name__', operator: '=~', value: choice.metricPattern };
}

const matcherText = ({ label, operator, value }: Matcher): string => `${labelName(label)}${operator}${quote(value)}`;

/**
 * The series of one tenant. There is always a matcher on the name too: Thanos refuses a selector made of external labels
 * only, and `tenant_id` is one there.
 *
 * @throws AppError `internal-error` for a name that is not one, an empty tenant or choice, or a matcher on `tenant_id` or
 * `__name__`: those would be faults of the caller, never of a user's input.
 */
export function selector(options: SelectorOptions): InstantVector {
  const { tenantId, matchers = [] } = options;
  const name = nameMatcher(options);
  if (tenantId === '') throw new AppError('internal-error', 'A query names no tenant.');
  if (name.value === '') throw new AppError('internal-error', 'A query names no metric.');
  if (matchers.some(({ label }) => label === tenantLabel || label === '__name__')) {
    throw new AppError('internal-error', 'A query has a matcher on a reserved label.');
  }
  const all = [name, { label: tenantLabel, operator: '=', value: tenantId } as const, ...matchers];
  return new Expression('instant', `{${all.map(matcherText).join(',')}}`);
}
