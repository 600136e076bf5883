import { ttlByTable, type Retention } from './retention';

/** What the placeholders of a migration stand for. */
export interface MigrationTarget {
  readonly database: string;
  /** Name of the ClickHouse cluster; absent on a single server. */
  readonly cluster?: string;
  readonly retention: Retention;
}

const identifier = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const quoted = (name: string): string => {
  if (!identifier.test(name)) throw new RangeError(`"${name}" cannot be a name in ClickHouse`);
  return `\`${name}\``;
};

/** `MergeTree(x)` as it is, or on a cluster as `ReplicatedMergeTree(path, replica, x)`. */
function engine(definition: string, clustered: boolean): string {
  if (!clustered) return definition;
  const [, name, args = ''] = /^([A-Za-z]+)(?:\((.*)\))?$/.exec(definition) ?? [];
  if (name === undefined) throw new Error(`"${definition}" is not an engine`);
  // {uuid}, {shard} and {replica} are macros of the server, not ours.
  return `Replicated${name}('/clickhouse/tables/{uuid}/{shard}', '{replica}'${args === '' ? '' : `, ${args}`})`;
}

function placeholder(text: string, target: MigrationTarget): string {
  const [name = '', argument = ''] = text.split(/:(.*)/s);
  switch (name) {
    case 'database':
      return quoted(target.database);
    case 'on_cluster':
      return target.cluster === undefined ? '' : `ON CLUSTER ${quoted(target.cluster)}`;
    case 'sync':
      return 'SYNC';
    case 'engine':
      return engine(argument, target.cluster !== undefined);
    case 'ttl': {
      const ttl = ttlByTable(target.retention)[argument];
      if (ttl !== undefined) return ttl;
    }
  }
  throw new Error(`{{${text}}} is not a placeholder`);
}

/** The statements of a template: one per `;` at the end of a line. */
export function renderStatements(template: string, target: MigrationTarget): readonly string[] {
  return template
    .replace(/^--.*$/gm, '')
    .replace(/\{\{(.+?)\}\}/g, (_match, text: string) => placeholder(text, target))
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
