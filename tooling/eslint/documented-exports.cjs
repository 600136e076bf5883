const ts = require('typescript');

const isDocumented = (symbol) => symbol.getJsDocTags().length > 0 || symbol.getDocumentationComment().length > 0;

/** A function, a class, or a constant that holds a function: what a caller needs more than a name for. */
function isCallable(symbol, checker) {
  if ((symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) !== 0) return true;
  if ((symbol.flags & ts.SymbolFlags.Variable) === 0) return false;
  return checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0;
}

/** Every function and class that the index of a lib exports has a doc comment where it is declared. */
module.exports = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { undocumented: '`{{name}}` is public: give it a doc comment (what it returns, units, @throws codes).' },
  },
  create(context) {
    const { program, esTreeNodeToTSNodeMap } = context.sourceCode.parserServices;
    const checker = program.getTypeChecker();
    return {
      ExportSpecifier(node) {
        const exported = checker.getSymbolAtLocation(esTreeNodeToTSNodeMap.get(node.local));
        if (exported === undefined) return;
        const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
        const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
        if (!isCallable(symbol, checker) || isDocumented(symbol)) return;
        context.report({ node, messageId: 'undocumented', data: { name: node.local.name } });
      },
    };
  },
};
