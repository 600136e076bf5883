import { AppError, type ErrorCode } from '@cloudtuner/errors';
import { backoffMs } from './consumer';
import { actionOf, failureText, parseFailure } from './job-failure';

const action = (code: ErrorCode, attempt = 1): string => actionOf(new AppError(code, 'text'), attempt);

describe('what becomes of a failed job', () => {
  it('is another attempt when a peer is away', () => {
    expect(action('clickhouse-unavailable')).toBe('retry');
    expect(action('clickhouse-query-timeout', 500)).toBe('retry');
  });

  it('is a later run of the same attempt when a limit was reached', () => {
    expect(action('hour-busy')).toBe('delay');
  });

  it('is the end when the input is wrong', () => {
    expect(action('job-payload-invalid')).toBe('give-up');
    expect(action('not-found')).toBe('give-up');
  });

  it('is the end after three internal errors', () => {
    expect([1, 2, 3].map((attempt) => action('internal-error', attempt))).toEqual(['retry', 'retry', 'give-up']);
  });
});

describe('the text of a failure', () => {
  it('carries the code', () => {
    const text = failureText(new AppError('not-found', 'There is no such account: gone.'));
    expect(parseFailure(text)).toEqual({ code: 'not-found', message: 'There is no such account: gone.' });
  });

  it('says nothing of an error that is not ours', () => {
    const text = failureText(new Error('connect to db.internal with password hunter2'));
    expect(text).not.toContain('hunter2');
    expect(parseFailure(text).code).toBe('internal-error');
  });

  it('is an internal error when BullMQ wrote it', () => {
    expect(parseFailure('job stalled more than allowable limit').code).toBe('internal-error');
  });
});

describe('the wait between attempts', () => {
  it('doubles from the base to the maximum, ± 20 %', () => {
    const backoff = { baseMs: 1_000, maxMs: 60_000 };
    const middle = (attempt: number): number => backoffMs(backoff, attempt, () => 0.5);
    expect([1, 2, 3, 6, 7, 1_000].map(middle)).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
    expect(backoffMs(backoff, 1, () => 0)).toBe(800);
    expect(backoffMs(backoff, 1_000, () => 0.999_999)).toBeLessThanOrEqual(72_000);
  });
});
