import { clickhouseError, httpStatusOfCode, toClickhouseError } from './clickhouse-error';

describe('exceptions', () => {
  it('have the form that clients parse', () => {
    expect(clickhouseError('SYNTAX_ERROR', 'Syntax error: Empty query')).toMatchObject({
      code: 62,
      report: 'Code: 62. DB::Exception: Syntax error: Empty query. (SYNTAX_ERROR)',
    });
  });

  it("keep the engine's code, and give one to what has none", () => {
    const engine = new Error('Code: 60. DB::Exception: Table a.b does not exist. (UNKNOWN_TABLE)\n');
    expect(toClickhouseError(engine)).toMatchObject({ code: 60, report: engine.message.trimEnd(), cause: engine });
    expect(toClickhouseError(new Error('gone'))).toMatchObject({
      code: 1002,
      report: 'Code: 1002. DB::Exception: gone. (UNKNOWN_EXCEPTION)',
    });
  });

  it.each([
    [60, 404],
    [81, 404],
    [62, 400],
    [516, 403],
    [194, 401],
    [159, 408],
    [202, 500],
    [241, 500],
    [48, 501],
  ])('with code %i are answered with status %i', (code, status) => {
    expect(httpStatusOfCode(code)).toBe(status);
  });
});
