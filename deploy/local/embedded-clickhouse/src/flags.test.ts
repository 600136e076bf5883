import { parseFlags } from './flags';

describe('parseFlags', () => {
  it('needs a folder and has a default for the rest', () => {
    expect(parseFlags(['--path', '/data'])).toEqual({
      path: '/data',
      host: '127.0.0.1',
      port: 0,
      exitWithParent: false,
      maxServerMemoryMib: 1536,
      maxQueryMemoryMib: 1024,
      maxConcurrentQueries: 8,
      shutdownDeadlineSeconds: 10,
      backupsFolder: undefined,
    });
    expect(() => parseFlags([])).toThrow(/--path DIR is needed/);
  });

  it.each([
    [['--path', '/a', '--port', '99999'], /--port/],
    [['--path', '/a', '--port', '1e3'], /--port/],
    [['--path', '/a', '--max-concurrent-queries', '0'], /--max-concurrent-queries/],
    [['--path', '/a{b}'], /--path/],
    [['--path', '/a', '--nope'], /--nope/],
  ])('names the flag in %j that is wrong', (args, message) => {
    expect(() => parseFlags(args)).toThrow(message);
  });
});
