/** The rules of this workspace that no published plugin has. */
module.exports = {
  meta: { name: 'cloudtuner' },
  rules: {
    barrel: require('./barrel.cjs'),
    'documented-exports': require('./documented-exports.cjs'),
    'file-name': require('./file-name.cjs'),
  },
};
