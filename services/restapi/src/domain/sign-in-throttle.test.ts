import { createSignInThrottle } from './sign-in-throttle';

let nowMs = 0;
const throttle = (maxKeys = 100) =>
  createSignInThrottle({ maxAttempts: 3, periodMs: 60_000, maxKeys, now: () => nowMs });

function attempts(subject: ReturnType<typeof throttle>, key: string, count: number): void {
  for (let index = 0; index < count; index += 1) subject.begin(key);
}

beforeEach(() => {
  nowMs = 1_000_000;
});

describe('createSignInThrottle', () => {
  it('refuses the attempt after the third until 60 s after the first, and says how long that is', () => {
    const subject = throttle();
    attempts(subject, 'a', 3);
    nowMs += 45_000;
    let refusal: unknown;
    try {
      subject.begin('a');
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'sign-in-throttled', retryAfterMs: 15_000 });
    nowMs += 15_000;
    subject.begin('a');
  });

  it('counts each address of its own', () => {
    const subject = throttle();
    attempts(subject, 'a', 3);
    subject.begin('b');
  });

  it('does not count what succeeded or taught nothing', () => {
    const subject = throttle();
    attempts(subject, 'a', 2);
    subject.clear('a');
    attempts(subject, 'a', 2);
    subject.forgive('a');
    subject.begin('a');
    subject.begin('a');
    expect(() => subject.begin('a')).toThrow();
  });

  it('remembers no more keys than its bound: the oldest gives way', () => {
    const subject = throttle(2);
    attempts(subject, 'a', 3);
    attempts(subject, 'b', 3);
    subject.begin('c');
    subject.begin('a');
    expect(() => subject.begin('c')).not.toThrow();
  });
});
