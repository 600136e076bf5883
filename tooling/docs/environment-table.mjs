const start = '<!-- env:start -->';
const end = '<!-- env:end -->';
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function valueWithoutSetting({ required, secret, default: text }) {
  if (required) return secret ? 'required, no default' : 'required';
  if (text === undefined) return 'unset';
  return text === '' ? 'empty' : `\`${cell(text)}\``;
}

/** A Markdown table of the variables of one configuration, in the order of its definition. */
export function environmentTable(fields) {
  const row = (field) => {
    const name = field.secret ? `\`${field.name}\` or \`${field.name}_FILE\`` : `\`${field.name}\``;
    return `| ${name} | ${cell(field.type)} | ${valueWithoutSetting(field)} | ${cell(field.doc)} |`;
  };
  return ['| Variable | Type | Default | Meaning |', '| --- | --- | --- | --- |', ...fields.map(row)].join('\n');
}

/** The README with the table between its markers; undefined when it has none. */
export function replaceTable(readme, table) {
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
  if (from === -1 || to < from) return undefined;
  return `${readme.slice(0, from + start.length)}\n\n${table.trim()}\n\n${readme.slice(to)}`;
}
