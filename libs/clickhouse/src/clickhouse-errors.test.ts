import { ClickHouseError } from '@clickhouse/client';
import { AppError } from '@cloudtuner/errors';
import { isStaleConnection, toClickhouseError } from './clickhouse-errors';

const answer = (code: string, message = 'text'): string =>
  toClickhouseError(new ClickHouseError({ code, message })).code;

describe('an error of ClickHouse', () => {
  it.each([
    ['60', 'clickhouse-schema-missing'],
    ['81', 'clickhouse-schema-missing'],
    ['159', 'clickhouse-query-timeout'],
    ['241', 'clickhouse-query-too-large'],
    ['396', 'clickhouse-query-too-large'],
    ['202', 'clickhouse-unavailable'],
    ['252', 'clickhouse-unavailable'],
    ['516', 'clickhouse-unavailable'],
    ['62', 'clickhouse-rejected'],
  ])('with number %s is %s', (number, code) => {
    expect(answer(number)).toBe(code);
  });

  it('about the memory of the whole server is not about the query', () => {
    expect(answer('241', 'Memory limit (total) exceeded')).toBe('clickhouse-unavailable');
    expect(answer('241', 'Query memory limit exceeded')).toBe('clickhouse-query-too-large');
  });

  it('keeps its text to the log', () => {
    const error = toClickhouseError(
      new ClickHouseError({ code: '516', message: 'default: Authentication failed for hunter2' }),
    );
    expect(error.message).not.toContain('hunter2');
    expect(error.cause).toBeInstanceOf(ClickHouseError);
  });
});

describe('an error of the connection', () => {
  it('means that ClickHouse is away, and says when to come back', () => {
    const error = toClickhouseError(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
    expect(error).toMatchObject({ code: 'clickhouse-unavailable', kind: 'upstream-unavailable', retryAfterMs: 5_000 });
  });

  it('is only worth another try when a kept connection was closed', () => {
    expect(isStaleConnection(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))).toBe(true);
    expect(isStaleConnection(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))).toBe(false);
    expect(isStaleConnection('reset')).toBe(false);
  });
});

it('an error of ours stays what it is', () => {
  const error = new AppError('clickhouse-unexpected-row', 'text');
  expect(toClickhouseError(error)).toBe(error);
});
