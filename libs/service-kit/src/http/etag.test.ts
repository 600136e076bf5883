import { isKnownVersion } from './etag';

describe('isKnownVersion', () => {
  it.each([
    ['the same', '"a"', '"a"', true],
    ['the same, weakly', 'W/"a"', '"a"', true],
    ['one of several', '"x", W/"a"', 'W/"a"', true],
    ['any', '*', '"a"', true],
    ['another', '"b"', '"a"', false],
    ['a part of it', '"a', '"a"', false],
    ['none', undefined, '"a"', false],
  ])('%s', (_title, header, etag, known) => {
    expect(isKnownVersion(header, etag)).toBe(known);
  });
});
