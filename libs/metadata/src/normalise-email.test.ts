import { normaliseEmail } from './normalise-email';

describe('normaliseEmail', () => {
  it('makes addresses equal that differ in case, in spaces around or in composition', () => {
    expect(normaliseEmail(' Ada@Example.ORG ')).toBe('ada@example.org');
    expect(normaliseEmail('jose\u0301@example.org')).toBe(normaliseEmail('jos\u00e9@example.org'));
  });
});
