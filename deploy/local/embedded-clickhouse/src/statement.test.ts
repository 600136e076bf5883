import { analyseStatement, placeholdersOf } from './statement';

describe('analyseStatement', () => {
  it('separates a query from its FORMAT clause and the settings behind it', () => {
    expect(analyseStatement('SELECT 1 FORMAT JSON')).toEqual({
      kind: 'select',
      head: 'SELECT 1 ',
      format: 'JSON',
      tail: '',
    });
    expect(analyseStatement('SELECT a FROM t SETTINGS x = 1 FORMAT CSV SETTINGS y = 2;\n -- end')).toEqual({
      kind: 'select',
      head: 'SELECT a FROM t SETTINGS x = 1 ',
      format: 'CSV',
      tail: ' SETTINGS y = 2',
    });
  });

  it.each([
    ['a column', 'SELECT format FROM t'],
    ['a column of a table', 'SELECT t.format FROM t'],
    ['a function', "SELECT format('{}', a) FROM t"],
    ['a sorting key', 'SELECT a FROM t ORDER BY format ASC'],
    ['a word in a string', "SELECT ' FORMAT JSON'"],
    ['a word in a comment', 'SELECT 1 /* FORMAT JSON */ -- FORMAT CSV'],
    ['a word in a subquery', 'SELECT * FROM (SELECT 1 FORMAT JSON)'],
    ['a quoted name', 'SELECT 1 AS `FORMAT JSON`'],
  ])('does not take %s for a FORMAT clause', (_what, sql) => {
    expect(analyseStatement(sql)).toMatchObject({ kind: 'select', head: sql, format: undefined });
  });

  it.each(['WITH 1 AS x SELECT x', '(SELECT 1) UNION ALL (SELECT 2)', 'FROM t SELECT a', '/* tag */ select 1'])(
    'takes %s for a query',
    (sql) => {
      expect(analyseStatement(sql).kind).toBe('select');
    },
  );

  it.each([
    'SHOW TABLES',
    'CREATE TABLE t (a UInt8) ENGINE = Memory',
    'WITH 1 AS x INSERT INTO t SELECT x',
    'EXPLAIN SELECT 1',
  ])('takes %s for a statement with a small result', (sql) => {
    expect(analyseStatement(sql)).toMatchObject({ kind: 'other', sql });
  });

  it('finds where the rows of an INSERT begin', () => {
    const sql = 'INSERT INTO db.t (a, b) SETTINGS x = 1, y = \'FORMAT\' FORMAT JSONEachRow \n{"a":1}';
    expect(analyseStatement(sql)).toEqual({
      kind: 'insert-data',
      format: 'JSONEachRow',
      head: 'INSERT INTO db.t (a, b) ',
      settings: "SETTINGS x = 1, y = 'FORMAT' ",
      dataStart: sql.indexOf('{'),
    });
  });

  it.each([
    ['INSERT INTO t VALUES (1)', ' (1)'],
    ['insert into table t(a)values(1)', '(1)'],
    ['INSERT INTO `a b`.`c;d` FORMAT CSV\n1;2\n', '1;2\n'],
    ['INSERT INTO {t:Identifier} FORMAT TSV\r\n1\n', '1\n'],
    ["INSERT INTO FUNCTION null('a UInt8') FORMAT TSV\n1\n", '1\n'],
    ['INSERT INTO values VALUES (1)', ' (1)'],
    ['INSERT INTO format FORMAT TSV\n\n1\n', '\n1\n'],
    ['INSERT INTO t (* EXCEPT(b)) FORMAT TSV\n1', '1'],
    ['INSERT INTO t -- FORMAT CSV\nFORMAT TSV\n1', '1'],
    ['INSERT INTO t FORMAT JSONEachRow', ''],
  ])('leaves the rows of %j as they are', (sql, rows) => {
    const statement = analyseStatement(sql);
    expect(statement.kind === 'insert-data' ? sql.slice(statement.dataStart) : undefined).toBe(rows);
  });

  it.each([
    'INSERT INTO t SELECT 1',
    'INSERT INTO t (a) SELECT 1 AS format',
    'INSERT INTO t (SELECT 1)',
    'INSERT INTO t SETTINGS x = 1 SELECT 1',
  ])('takes %s for an insert without rows of its own', (sql) => {
    expect(analyseStatement(sql)).toMatchObject({ kind: 'other', sql });
  });

  it('allows one semicolon at the end and refuses a second statement', () => {
    expect(analyseStatement('SELECT 1 ; ')).toMatchObject({ kind: 'select', head: 'SELECT 1 ' });
    expect(analyseStatement("SELECT ';'")).toMatchObject({ head: "SELECT ';'" });
    expect(() => analyseStatement('SELECT 1; DROP TABLE t')).toThrow(/Multi-statements are not allowed/);
    expect(() => analyseStatement('DROP TABLE t; SELECT 1')).toThrow(/Multi-statements are not allowed/);
  });

  it('refuses input(), whose rows the engine would look for elsewhere', () => {
    expect(() => analyseStatement("INSERT INTO t SELECT a FROM input('a UInt8') FORMAT CSV\n1;2\n")).toThrow(
      /input\(\)/,
    );
    expect(analyseStatement("INSERT INTO t SELECT input FROM u WHERE s = 'input()'").kind).toBe('other');
  });

  it('refuses an empty query, and files of the server', () => {
    expect(() => analyseStatement(' -- nothing\n')).toThrow(/Empty query/);
    expect(() => analyseStatement("SELECT 1 INTO OUTFILE '/tmp/a'")).toThrow(/INTO OUTFILE is not allowed/);
    expect(() => analyseStatement("INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV")).toThrow(/FROM INFILE/);
  });
});

describe('placeholdersOf', () => {
  it('finds placeholders outside of strings, names and comments', () => {
    const sql =
      "SELECT {a:UInt8}, '{b:String}', `{c:String}`, {d : Array(String)} /* {e:String} */ -- {f:String}\n, {g:Map(String, UInt8)}";
    expect([...placeholdersOf(sql)]).toEqual(['a', 'd', 'g']);
  });
});
