import {
  avgBy,
  avgOverTime,
  countBy,
  countOverTime,
  increase,
  lastOverTime,
  maxBy,
  maxOverTime,
  offset,
  oneOf,
  quantileOverTime,
  quoteRegex,
  range,
  rate,
  scalar,
  selector,
  subquery,
  sumBy,
  sumOverTime,
  timestamp,
} from './index';

const tenantId = '7f6c2c1e-0000-4000-8000-000000000001';
const minute = 60_000;
const hour = 60 * minute;
const up = selector({ tenantId, metric: 'up' });
const upText = `{__name__="up",tenant_id="${tenantId}"}`;

describe('selector', () => {
  it('always names the metric and the tenant', () => {
    expect(up.toString()).toBe(upText);
    expect(selector({ tenantId, metrics: ['a', 'b:c'] }).toString()).toBe(
      `{__name__=~"a|b:c",tenant_id="${tenantId}"}`,
    );
    expect(selector({ tenantId, metricPattern: 'kubecost_.+' }).toString()).toBe(
      `{__name__=~"kubecost_.+",tenant_id="${tenantId}"}`,
    );
  });

  it('writes matchers of all four operators', () => {
    const matchers = [
      { label: 'a', operator: '=', value: 'x' },
      { label: 'b', operator: '!=', value: '' },
      { label: 'c', operator: '=~', value: 'x.*|y' },
      { label: 'd', operator: '!~', value: '\\d+' },
    ] as const;
    expect(selector({ tenantId, metric: 'up', matchers }).toString()).toBe(
      `{__name__="up",tenant_id="${tenantId}",a="x",b!="",c=~"x.*|y",d!~"\\\\d+"}`,
    );
  });

  it.each([
    ['"} or {__name__=~".+"', '"\\"} or {__name__=~\\".+\\""'],
    ['a\\', '"a\\\\"'],
    ['\\"', '"\\\\\\""'],
    ['line\nbreak', '"line\\nbreak"'],
    ['\0', '"\\u0000"'],
    ['\uFFFD', '"\\ufffd"'],
    ['\uD800', '"\\ufffd"'],
    ["it's `quoted`", '"it\'s `quoted`"'],
    ['日本', '"日本"'],
  ])('keeps a value of %j inside its quotes', (value, quoted) => {
    const matchers = [{ label: 'a', operator: '=', value }] as const;
    expect(selector({ tenantId, metric: 'up', matchers }).toString()).toBe(
      `{__name__="up",tenant_id="${tenantId}",a=${quoted}}`,
    );
  });

  it('keeps a tenant inside its quotes too', () => {
    expect(selector({ tenantId: 'x"} or {a="', metric: 'up' }).toString()).toBe(
      '{__name__="up",tenant_id="x\\"} or {a=\\""}',
    );
  });

  it.each([
    [{ tenantId: '', metric: 'up' }],
    [{ tenantId, metric: '' }],
    [{ tenantId, metric: 'up"}' }],
    [{ tenantId, metric: 'up{a="b"}' }],
    [{ tenantId, metrics: [] }],
    [{ tenantId, metrics: ['up', 'a|b'] }],
    [{ tenantId, metricPattern: '' }],
    [{ tenantId, metric: 'up', matchers: [{ label: 'tenant_id', operator: '=~', value: '.*' }] as const }],
    [{ tenantId, metric: 'up', matchers: [{ label: '__name__', operator: '=~', value: '.*' }] as const }],
    [{ tenantId, metric: 'up', matchers: [{ label: 'a="",b', operator: '=', value: '' }] as const }],
  ])('refuses %j', (options) => {
    expect(() => selector(options)).toThrow(/query/);
  });
});

describe('oneOf and quoteRegex', () => {
  it('match texts, not patterns', () => {
    expect(oneOf('pod', ['a.b', 'c|d'])).toEqual({ label: 'pod', operator: '=~', value: 'a\\.b|c\\|d' });
    expect(quoteRegex('a.+*?()|[]{}^$\\z')).toBe('a\\.\\+\\*\\?\\(\\)\\|\\[\\]\\{\\}\\^\\$\\\\z');
  });
});

describe('functions', () => {
  it.each([
    [range(up, 70 * minute), `${upText}[4200s]`],
    [range(up, 1500), `${upText}[1500ms]`],
    [offset(up, hour), `${upText} offset 3600s`],
    [offset(range(up, minute), hour), `${upText}[60s] offset 3600s`],
    [subquery(up, hour, minute), `(${upText})[3600s:60s]`],
    [rate(range(up, 5 * minute)), `rate(${upText}[300s])`],
    [increase(range(up, hour)), `increase(${upText}[3600s])`],
    [maxOverTime(range(up, hour)), `max_over_time(${upText}[3600s])`],
    [avgOverTime(range(up, hour)), `avg_over_time(${upText}[3600s])`],
    [sumOverTime(range(up, hour)), `sum_over_time(${upText}[3600s])`],
    [countOverTime(range(up, hour)), `count_over_time(${upText}[3600s])`],
    [timestamp(up), `timestamp(${upText})`],
    [lastOverTime(range(up, hour)), `last_over_time(${upText}[3600s])`],
    [quantileOverTime(0.95, range(up, hour)), `quantile_over_time(0.95,${upText}[3600s])`],
    [avgBy(['node'], up), `avg by (node) (${upText})`],
    [sumBy(['a', 'b'], up), `sum by (a,b) (${upText})`],
    [maxBy([], up), `max by () (${upText})`],
    [countBy(['a'], up), `count by (a) (${upText})`],
    [
      quantileOverTime(0.5, subquery(rate(range(up, 5 * minute)), 24 * hour, 5 * minute)),
      `quantile_over_time(0.5,(rate(${upText}[300s]))[86400s:300s])`,
    ],
    [scalar(1), '1'],
  ])('%#: writes what PromQL reads', (expression, text) => {
    expect(expression.toString()).toBe(text);
  });

  it('refuse durations, quantiles and labels that are none', () => {
    expect(() => range(up, 0)).toThrow('duration');
    expect(() => range(up, Number.NaN)).toThrow('duration');
    expect(() => subquery(up, hour, -1)).toThrow('duration');
    expect(() => quantileOverTime(1.5, range(up, hour))).toThrow('quantile');
    expect(() => sumBy(['a) (up) or sum by (b'], up)).toThrow('label name');
  });
});
