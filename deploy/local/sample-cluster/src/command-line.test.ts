import { parseCommandLine } from './command-line';

describe('parseCommandLine', () => {
  it('needs a profile only: the rest has defaults', () => {
    expect(parseCommandLine(['--profile', 'shop'])).toEqual({
      cluster: { profile: 'shop', seed: 1, name: 'shop', clusterId: 'shop' },
      host: '127.0.0.1',
      port: 0,
      exitWithParent: false,
    });
  });

  it('reads every argument', () => {
    const args = ['--profile', 'research', '--seed', '42', '--name', 'Lab', '--cluster-id', 'lab-1'];
    const more = ['--start-ms', '1767571200000', '--host', '::1', '--port', '9100', '--exit-with-parent'];

    expect(parseCommandLine([...args, ...more])).toEqual({
      cluster: { profile: 'research', seed: 42, name: 'Lab', clusterId: 'lab-1', startMs: 1_767_571_200_000 },
      host: '::1',
      port: 9100,
      exitWithParent: true,
    });
  });

  it('takes host and port of the environment where the arguments say nothing', () => {
    const environment = { HOST: '127.0.0.2', PORT: '9200' };

    expect(parseCommandLine(['--profile', 'shop'], environment)).toMatchObject({ host: '127.0.0.2', port: 9200 });
    expect(parseCommandLine(['--profile', 'shop', '--port', '1'], environment)).toMatchObject({ port: 1 });
  });

  it.each([
    ['no profile', []],
    ['an unknown profile', ['--profile', 'bank']],
    ['an unknown argument', ['--profile', 'shop', '--fast']],
    ['a positional argument', ['--profile', 'shop', 'now']],
    ['a seed that is not a number', ['--profile', 'shop', '--seed', '1e3']],
    ['a port above 65,535', ['--profile', 'shop', '--port', '65536']],
    ['an empty name', ['--profile', 'shop', '--name', '']],
  ])('refuses %s and shows the usage', (_, args) => {
    expect(() => parseCommandLine(args)).toThrow(/Usage: main\.js --profile/);
  });
});
