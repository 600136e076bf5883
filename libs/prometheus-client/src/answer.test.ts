import { decodeAnswer } from './answer';
import { errorOfAnswer } from './store-error';

describe('decodeAnswer', () => {
  it('reads a vector, with the values that JSON has no numbers for', () => {
    const result = (value: string): unknown => ({ metric: { a: value }, value: [1_700_000_000.5, value] });
    const answer = {
      status: 'success',
      data: { resultType: 'vector', result: ['1.5', 'NaN', '+Inf', '-Inf', '1e-9'].map(result) },
    };
    const { series } = decodeAnswer(answer);
    expect(series.map(({ values }) => values[0])).toEqual([1.5, NaN, Infinity, -Infinity, 1e-9]);
    expect(series[0]).toEqual({ labels: { a: '1.5' }, timestampsMs: [1_700_000_000_500], values: [1.5] });
  });

  it('reads a matrix with millisecond times', () => {
    const points = [
      [1_700_000_000.123, '1'],
      [1_700_000_060.124, '2'],
    ];
    const answer = {
      status: 'success',
      data: { resultType: 'matrix', result: [{ metric: { __name__: 'm' }, values: points }] },
    };
    expect(decodeAnswer(answer).series).toEqual([
      { labels: { __name__: 'm' }, timestampsMs: [1_700_000_000_123, 1_700_000_060_124], values: [1, 2] },
    ]);
  });

  it('reads a scalar', () => {
    expect(
      decodeAnswer({ status: 'success', data: { resultType: 'scalar', result: [1, '1'] } }).series[0]?.values,
    ).toEqual([1]);
  });

  it('takes a partial answer for an error, not for less', () => {
    const answer = {
      status: 'success',
      data: { resultType: 'vector', result: [] },
      warnings: ['fetch series for {replica="a"}: rpc error: code = Unavailable'],
    };
    expect(() => decodeAnswer(answer)).toThrow('only a part');
  });

  it('hands on what PromQL remarks on the query', () => {
    const remark = 'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "m"';
    const answer = { status: 'success', data: { resultType: 'vector', result: [] }, infos: [remark] };
    expect(decodeAnswer(answer)).toEqual({ series: [], remarks: [remark] });
  });

  it.each([
    {},
    null,
    { status: 'error' },
    { status: 'success', data: { resultType: 'string', result: [0, 'x'] } },
    { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values: [[1]] }] } },
    { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values: [[1, 'abc']] }] } },
    { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values: [[1, '']] }] } },
  ])('refuses %j as unavailability', (answer) => {
    expect(() => decodeAnswer(answer)).toThrow('in a form that is not its own');
  });
});

describe('errorOfAnswer', () => {
  const answer = (errorType: string, error: string): string => JSON.stringify({ status: 'error', errorType, error });

  // Texts as Prometheus 2.42 and Thanos 0.42 send them.
  it.each([
    [422, answer('execution', 'expanding series: proxy Series(): No StoreAPIs available'), 'metrics-store-unavailable'],
    [
      422,
      answer('execution', 'expanding series: proxy Series(): fetch series for {a="b"}: rpc error: code = Unavailable'),
      'metrics-store-unavailable',
    ],
    [
      422,
      answer('execution', 'query processing would load too many samples into memory in query execution'),
      'metrics-query-too-large',
    ],
    [
      400,
      answer(
        'bad_data',
        'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution',
      ),
      'metrics-query-too-large',
    ],
    [
      422,
      answer('execution', 'rpc error: code = ResourceExhausted desc = exceeded series limit'),
      'metrics-query-too-large',
    ],
    [400, answer('bad_data', 'invalid parameter "query": 1:5: parse error'), 'internal-error'],
    [422, answer('execution', 'found duplicate series for the match group'), 'internal-error'],
    [503, answer('timeout', 'query timed out in expression evaluation'), 'metrics-store-timeout'],
    [503, answer('unavailable', 'TSDB not ready'), 'metrics-store-unavailable'],
    [500, answer('internal', 'expanding series: remote read failed'), 'metrics-store-unavailable'],
    [502, '<html>Bad Gateway</html>', 'metrics-store-unavailable'],
    [504, '<html>Gateway Timeout</html>', 'metrics-store-timeout'],
    [400, '<html>nginx</html>', 'metrics-store-unavailable'],
    [401, 'Unauthorized', 'metrics-store-unavailable'],
    [404, 'not found', 'metrics-store-unavailable'],
    [413, 'too large', 'metrics-query-too-large'],
  ])('takes %d %s for %s', (status, text, code) => {
    expect(errorOfAnswer(status, text)).toMatchObject({ code });
  });

  it('keeps the text of the store from the user', () => {
    const error = errorOfAnswer(422, answer('execution', 'expanding series: dial tcp 10.1.2.3:10901'));
    expect(error.message).not.toContain('10.1.2.3');
    expect((error.cause as Error).message).toContain('10.1.2.3');
  });
});
