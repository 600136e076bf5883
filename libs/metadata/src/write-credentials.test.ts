import { rotated } from './write-credentials';

const at = (seconds: number): Date => new Date(seconds * 1000);
const credential = (name: string, expiresAt: Date | null) => ({
  password_sha256: name,
  created_at: at(0),
  expires_at: expiresAt,
});

describe('rotated', () => {
  it('keeps the previous password until now + overlap seconds, and the new one without an end', () => {
    const { credentials, previousExpiresAt } = rotated([credential('old', null)], {
      passwordSha256: 'new',
      now: at(1000),
      overlapSeconds: 60,
    });
    expect(credentials.map(({ password_sha256, expires_at }) => [password_sha256, expires_at])).toEqual([
      ['old', at(1060)],
      ['new', null],
    ]);
    expect(previousExpiresAt).toEqual(at(1060));
  });

  it('ends the previous password at once when the overlap is 0', () => {
    const { credentials } = rotated([credential('old', null)], {
      passwordSha256: 'new',
      now: at(1000),
      overlapSeconds: 0,
    });
    expect(credentials.map(({ password_sha256 }) => password_sha256)).toEqual(['new']);
  });

  it('leaves at most two alive: a rotation in an overlap drops the oldest', () => {
    const { credentials } = rotated([credential('oldest', at(1500)), credential('old', null)], {
      passwordSha256: 'new',
      now: at(1000),
      overlapSeconds: 600,
    });
    expect(credentials.map(({ password_sha256 }) => password_sha256)).toEqual(['old', 'new']);
  });

  it('never prolongs a password that ends sooner', () => {
    const { credentials } = rotated([credential('old', at(1010))], {
      passwordSha256: 'new',
      now: at(1000),
      overlapSeconds: 600,
    });
    expect(credentials[0]?.expires_at).toEqual(at(1010));
  });
});
