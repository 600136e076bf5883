import YAML from 'yaml';

const start = '<!-- values:start -->';
const end = '<!-- values:end -->';
const marker = /^ ?-- /;
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** Variables that templates set from other values; the rest of a service's variables stand in its `env`. */
const setByTemplates =
  /^(PORT|ADMIN_PORT|SHUTDOWN_DEADLINE_SECONDS|CLUSTER_SECRET|OIDC_PROVIDERS|QUEUE_PREFIX|METRICS_STORE|(MONGODB|REDIS|CLICKHOUSE|METRICS_WRITE|METRICS_QUERY|METROCULUS|KUBECOST)_URL|(MONGODB|CLICKHOUSE)_DATABASE|CLICKHOUSE_(USERNAME|PASSWORD|CLUSTER|MIGRATE_ON_START)|INFLUXDB_(URL|DATABASE|USERNAME|PASSWORD|TOKEN)|ETCD_(URL|PREFIX|USERNAME|PASSWORD)|\w+_TLS_(CA_FILE|CERT_FILE|KEY_FILE|VERIFY))$/;

/** Every value of a chart that has a comment `# -- …`, in order: its path, default and meaning. Others are an error. */
function describedValues(text, file) {
  const rows = [];
  const visit = (node, path) => {
    for (const [index, { key, value }] of node.items.entries()) {
      const name = [...path, key.value].join('.');
      const comment = (index === 0 ? (node.commentBefore ?? key.commentBefore) : key.commentBefore) ?? '';
      const doc = comment
        .split('\n')
        .filter((line) => marker.test(line))
        .at(-1);
      if (doc !== undefined) rows.push({ name, value: value?.toJSON() ?? null, doc: doc.replace(marker, '') });
      else if (YAML.isMap(value) && value.items.length > 0) visit(value, [...path, key.value]);
      else throw new Error(`${file}: ${name} has no comment "# -- …" that says what it is`);
    }
  };
  visit(YAML.parseDocument(text).contents, []);
  return rows;
}

/** A Markdown table of the values of a chart. */
export function valuesTable(text, file) {
  const row = ({ name, value, doc }) => `| \`${name}\` | \`${cell(JSON.stringify(value))}\` | ${cell(doc)} |`;
  return ['| Value | Default | Meaning |', '| --- | --- | --- |', ...describedValues(text, file).map(row)].join('\n');
}

/** The README with the table between its markers; undefined when it has none. */
export function replaceValues(readme, table) {
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
  if (from === -1 || to < from) return undefined;
  return `${readme.slice(0, from + start.length)}\n\n${table.trim()}\n\n${readme.slice(to)}`;
}

function typeOf({ type }) {
  if (type === 'integer' || type === 'number') return { type };
  if (type === 'true or false') return { type: 'boolean' };
  return type.includes(' | ') ? { enum: type.split(' | ') } : { type: 'string' };
}

/** The schema of a service's `env`: its variables but those that templates set. */
export function environmentSchema(fields) {
  const properties = fields
    .filter(({ name }) => !setByTemplates.test(name))
    .map((field) => [field.name, { ...typeOf(field), description: field.doc }]);
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
}
