import { readMigrations, migrationsFolder } from './migration-files';
import { renderStatements } from './migration-sql';
import { defaultRetention, ttlByTable } from './retention';

const single = { database: 'facts', retention: defaultRetention };
const clustered = { ...single, cluster: 'main' };

describe('a migration template', () => {
  const template = `-- what it is for
CREATE TABLE {{database}}.t {{on_cluster}} (a UInt8) ENGINE = {{engine:ReplacingMergeTree(a)}} ORDER BY a;

DROP TABLE {{database}}.u {{on_cluster}} {{sync}};
`;

  it('becomes plain statements for a single server', () => {
    expect(renderStatements(template, single)).toEqual([
      'CREATE TABLE `facts`.t  (a UInt8) ENGINE = ReplacingMergeTree(a) ORDER BY a',
      'DROP TABLE `facts`.u  SYNC',
    ]);
  });

  it('becomes replicated tables on all servers of a cluster', () => {
    expect(renderStatements(template, clustered)).toEqual([
      "CREATE TABLE `facts`.t ON CLUSTER `main` (a UInt8) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', a) ORDER BY a",
      'DROP TABLE `facts`.u ON CLUSTER `main` SYNC',
    ]);
  });

  it('gives an engine without arguments none', () => {
    expect(renderStatements('{{engine:MergeTree}}', clustered)).toEqual([
      "ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')",
    ]);
  });

  it.each(['{{unknown}}', '{{ttl:unknown}}', '{{engine:}}'])('with %s is refused', (text) => {
    expect(() => renderStatements(text, clustered)).toThrow();
  });

  it('takes no name that would end the quoting', () => {
    expect(() => renderStatements('{{database}}', { ...single, database: 'a`; DROP' })).toThrow(RangeError);
  });
});

/** Rows that are not in the target yet, by one key, in an order that repeats (else equal blocks are not known again); from a table that may have gone. */
const copyOfWhatIsMissing =
  /^INSERT INTO (\S+)\nSELECT \* FROM merge\(`facts`, '[^']+'\)\nWHERE _table = '\w+'\n +AND \(([^)]+)\) NOT IN \(\n +SELECT \2\n +FROM \1\n +\)\nORDER BY ALL\nSETTINGS max_insert_threads = 1, insert_deduplicate = 1, /;

/** Sums that are only kept to be read faster: taken away twice, they are made twice. */
const removalFromCache = /^ALTER TABLE `facts`\.(account|allocation|allocation_dimension)_periods +DELETE WHERE /;

describe('the migrations of this package', () => {
  it('are numbered from 1 without a gap, each with its way back', async () => {
    const migrations = await readMigrations(migrationsFolder);
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_migration, index) => index + 1));
    for (const { up, down } of migrations) {
      expect(renderStatements(up, single).length).toBeGreaterThan(0);
      expect(renderStatements(down, single)).toHaveLength(renderStatements(up, single).length);
    }
  });

  it('can all be run twice', async () => {
    for (const { up, down } of await readMigrations(migrationsFolder)) {
      for (const sql of [...renderStatements(up, single), ...renderStatements(down, single)]) {
        if (sql.startsWith('INSERT')) expect(sql).toMatch(copyOfWhatIsMissing);
        else if (!removalFromCache.test(sql))
          expect(sql).toMatch(
            /^(CREATE TABLE IF NOT EXISTS|DROP TABLE IF EXISTS|ALTER TABLE \S+ +(ADD COLUMN IF NOT|DROP COLUMN IF) EXISTS) /,
          );
      }
    }
  });

  it('copy the rows of a table before they drop it', async () => {
    const [sums] = (await readMigrations(migrationsFolder)).filter(({ version }) => version === 8);
    if (sums === undefined) throw new Error('no migration 8');
    for (const template of [sums.up, sums.down])
      expect(renderStatements(template, single).map((sql) => sql.split(' ')[0])).toEqual(['CREATE', 'INSERT', 'DROP']);
  });
});

describe('retention', () => {
  it('is a TTL of whole days per table, and a short one for the running hour', () => {
    const ttl = ttlByTable({ hourlyDays: 400, liveDays: 3, expensesDays: 800 });
    expect(ttl['asset_hours']).toBe(
      "hour + toIntervalDay(400), hour + toIntervalDay(3) WHERE startsWith(data_version, 'live-')",
    );
    expect(ttl['expenses']).toBe('date + toIntervalDay(800)');
    expect(ttl['allocation_hours']).toBe(
      "toDate(hour) + toIntervalDay(400), toDate(hour) + toIntervalDay(3) WHERE startsWith(data_version, 'live-')",
    );
    expect(ttl['allocation_dimension_days']).toBe(ttl['expenses']);
    expect(() => ttlByTable({ hourlyDays: 0.5, liveDays: 3, expensesDays: 800 })).toThrow(RangeError);
  });
});
