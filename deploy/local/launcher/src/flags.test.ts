import { FlagError, parseFlags } from './flags';

describe('parseFlags', () => {
  it('gives the documented defaults', () => {
    expect(parseFlags([])).toMatchObject({
      days: 7,
      fresh: false,
      'restapi-port': 8999,
      'metroculus-port': 8969,
      'diproxy-port': 8935,
    });
  });

  it('reads every flag', () => {
    expect(parseFlags(['--store=thanos', '--days=2', '--fresh', '--restapi-port', '0'])).toMatchObject({
      store: 'thanos',
      days: 2,
      fresh: true,
      'restapi-port': 0,
    });
  });

  it.each([
    ['an unknown flag', ['--dais=3'], '--dais'],
    ['a store that is not there', ['--store=influx'], '--store'],
    ['a number out of bounds', ['--days=31'], '--days'],
    ['a port that is none', ['--restapi-port=x'], '--restapi-port'],
    ['a word that is no flag', ['fresh'], 'fresh'],
  ])('names %s', (_case, args, name) => {
    expect(() => parseFlags(args)).toThrow(FlagError);
    expect(() => parseFlags(args)).toThrow(name);
  });
});
