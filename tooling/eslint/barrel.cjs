const isReExport = (statement) => statement.type === 'ExportNamedDeclaration' && statement.source !== null;

/** The index of a lib only re-exports, name by name: what is public can be read there, and nothing becomes public by accident. */
module.exports = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { notNamed: 'The index of a lib holds nothing but named re-exports.' },
  },
  create: (context) => ({
    Program(program) {
      for (const statement of program.body.filter((candidate) => !isReExport(candidate))) {
        context.report({ node: statement, messageId: 'notNamed' });
      }
    },
  }),
};
