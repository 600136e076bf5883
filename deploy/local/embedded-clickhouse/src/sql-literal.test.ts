import fc from 'fast-check';
import { sqlIdentifier, sqlString } from './sql-literal';
import { sqlTokens } from './sql-tokens';

/** Text with the characters that end or change literals in it more often than by chance. */
const text = fc.string({ unit: fc.constantFrom("'", '\\', '`', '"', '\n', ';', '-', '/', '*', '$', 'a', 'é', '😀') });

describe('literals', () => {
  it('are one token whatever text is in them, so that nothing gets out', () => {
    fc.assert(
      fc.property(text, (value) => {
        const [string, identifier] = [sqlString(value), sqlIdentifier(value)];
        expect([...sqlTokens(string)]).toEqual([{ kind: 'string', start: 0, end: string.length, text: string }]);
        expect([...sqlTokens(identifier)]).toMatchObject([{ kind: 'quoted', start: 0, end: identifier.length }]);
      }),
    );
  });

  it('escape the backslash and the quote', () => {
    expect(sqlString("it's a \\")).toBe("'it\\'s a \\\\'");
    expect(sqlIdentifier('a`b')).toBe('`a\\`b`');
  });
});
