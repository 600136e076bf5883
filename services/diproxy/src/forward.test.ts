import { publicText } from './forward';

describe('publicText', () => {
  it.each([
    [
      'store locally for endpoint 127.0.0.1:10901: out of bounds',
      'store locally for endpoint [address]: out of bounds',
    ],
    ['dial thanos-receive-0.thanos.svc:10901, refused', 'dial [address], refused'],
    ['see http://user:pw@inner/path now', 'see [address] now'],
    ['line one\nline two\u0000', 'line one line two'],
    ['out of order sample for series up', 'out of order sample for series up'],
  ])('turns %j into %j', (text, expected) => {
    expect(publicText(text)).toBe(expected);
  });

  it('keeps at most 512 characters', () => {
    expect(publicText('x'.repeat(5_000))).toHaveLength(512);
  });
});
