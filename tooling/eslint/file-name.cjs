const path = require('node:path');

const kebabCase = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
// Such a name says nothing about what is inside, so everything ends up there.
const meaningless = /^(utils?|helpers?|common|misc|types?|managers?|.+-(utils?|helpers?|misc|managers?))$/;

/** Files and folders are kebab-case and named after the one concept they hold. */
module.exports = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      notKebab: '`{{name}}` is not kebab-case.',
      meaningless: '`{{name}}` says nothing: name it after the concept inside.',
    },
  },
  create: (context) => ({
    Program(node) {
      for (const name of path.relative(context.cwd, context.filename).split(path.sep)) {
        const [stem = ''] = name.replace(/^\./, '').split('.');
        if (!kebabCase.test(name)) context.report({ node, messageId: 'notKebab', data: { name } });
        else if (meaningless.test(stem)) context.report({ node, messageId: 'meaningless', data: { name } });
      }
    },
  }),
};
