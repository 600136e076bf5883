import { AppError } from '@cloudtuner/errors';
import { MongoNetworkError, MongoServerError } from 'mongodb';
import { createGuard, isDuplicateKey } from './driver-errors';

const connected = (): Promise<void> => Promise.resolve();
const guard = createGuard(20, connected);

describe('createGuard', () => {
  it('answers metadata-unavailable with a Retry-After when the driver fails, whatever the reason', async () => {
    for (const error of [new MongoNetworkError('gone'), new MongoServerError({ message: 'auth', code: 18 })]) {
      await expect(guard(() => Promise.reject(error))).rejects.toMatchObject({
        code: 'metadata-unavailable',
        kind: 'upstream-unavailable',
        retryAfterMs: 5000,
        cause: error,
      });
    }
  });

  it('answers metadata-unavailable when the operation does not end within the deadline', async () => {
    await expect(guard(() => new Promise(() => undefined))).rejects.toMatchObject({ code: 'metadata-unavailable' });
  });

  it('answers metadata-unavailable when the connection does not come about', async () => {
    const unconnected = createGuard(20, () => new Promise(() => undefined));
    await expect(unconnected(() => Promise.resolve(1))).rejects.toMatchObject({ code: 'metadata-unavailable' });
  });

  it('lets our own errors, and bugs, through unchanged', async () => {
    const conflict = new AppError('user-exists', 'taken');
    await expect(guard(() => Promise.reject(conflict))).rejects.toBe(conflict);
    const bug = new TypeError('undefined is not a function');
    await expect(guard(() => Promise.reject(bug))).rejects.toBe(bug);
  });

  it('tells a duplicate key from other refusals', () => {
    expect(isDuplicateKey(new MongoServerError({ message: 'E11000', code: 11000 }))).toBe(true);
    expect(isDuplicateKey(new MongoServerError({ message: 'other', code: 2 }))).toBe(false);
  });
});
