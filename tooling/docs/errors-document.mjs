const introduction = `# Errors

Every error that leaves a service has one of these codes: as \`code\` of a problem document (RFC 9457), as \`reason\` of a metric
(dashes become underscores), and in the log. A code never changes its meaning, and the code of an error that is gone is not
given to another.

This file is written from \`src/catalogue.ts\` by \`npm run docs\`.
`;

/** ERRORS.md: a table of all codes, then a section for each, in the order of the catalogue. */
export function errorsDocument(catalogue, httpStatusOf) {
  const entries = Object.entries(catalogue);
  const table = [
    '| Code | HTTP | Kind | What happened |',
    '| --- | --- | --- | --- |',
    ...entries.map(
      ([code, { kind, title }]) =>
        `| [\`${code}\`](#${code}) | ${httpStatusOf(kind)} | ${kind} | ${title.replaceAll('|', '\\|')} |`,
    ),
  ];
  const sections = entries.map(
    ([code, { kind, title, remedy }]) => `## ${code}\n\n${title} (${kind}, HTTP ${httpStatusOf(kind)}).\n\n${remedy}\n`,
  );
  return [introduction, table.join('\n'), ...sections].join('\n\n');
}
