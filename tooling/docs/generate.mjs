/**
 * The documents that repeat the code, written from it: libs/errors/ERRORS.md from the error catalogue, the table of
 * environment variables in each service's README from its configuration, and of each Helm chart the table of values in its
 * README and the variables of services in its schema. `--check` compares instead of writing.
 *
 * Reads the compiled packages; builds them first unless told that they are (`--check`, which the check runs after the types).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import prettier from 'prettier';
import { errorsDocument } from './errors-document.mjs';
import { environmentSchema, replaceValues, valuesTable } from './chart-documents.mjs';
import { environmentTable, replaceTable } from './environment-table.mjs';
import { filesBelow, finish, packageFolders, readText, root } from '../check/workspace-files.mjs';

const check = process.argv.includes('--check');
const require = createRequire(import.meta.url);
const services = packageFolders().filter((folder) => folder.startsWith('services/'));

const charts = filesBelow('helm')
  .filter((file) => /^helm\/[^/]+\/Chart\.yaml$/.test(file))
  .map((file) => path.posix.dirname(file));

/** Loads a compiled module of a package. */
function load(file) {
  const absolute = path.join(root, file);
  if (!existsSync(absolute)) throw new Error(`${file} is not there: it is made by \`npm run build\``);
  return require(absolute);
}

async function format(text, parser = 'markdown') {
  const options = await prettier.resolveConfig(path.join(root, 'README.md'));
  return prettier.format(text, { ...options, parser });
}

/** The documents as they should be: `{ file, text }`. */
const documents = [
  async () => {
    const { errorCatalogue } = load('libs/errors/dist/catalogue.js');
    const { httpStatusOf } = load('libs/errors/dist/kind.js');
    return { file: 'libs/errors/ERRORS.md', text: await format(errorsDocument(errorCatalogue, httpStatusOf)) };
  },
  ...services.map((folder) => async () => {
    const file = `${folder}/README.md`;
    const { config } = load(`${folder}/dist/config.js`);
    if (typeof config?.describe !== 'function') throw new Error(`${folder}/src/config.ts does not export \`config\``);
    const text = replaceTable(currentText(file), await format(environmentTable(config.describe())));
    if (text === undefined) throw new Error(`${file} has no <!-- env:start --> … <!-- env:end --> for the variables`);
    return { file, text };
  }),
  ...charts.map((folder) => async () => {
    const file = `${folder}/README.md`;
    const table = valuesTable(readText(`${folder}/values.yaml`), `${folder}/values.yaml`);
    const text = replaceValues(currentText(file), await format(table));
    if (text === undefined)
      throw new Error(`${file} has no <!-- values:start --> … <!-- values:end --> for the values`);
    return { file, text };
  }),
  ...charts.map((folder) => async () => {
    const file = `${folder}/values.schema.json`;
    const schema = JSON.parse(readText(file));
    for (const service of services) {
      const name = `${path.posix.basename(service)}-environment`;
      if (name in schema.$defs)
        schema.$defs[name] = environmentSchema(load(`${service}/dist/config.js`).config.describe());
    }
    return { file, text: await format(JSON.stringify(schema), 'json') };
  }),
];

function currentText(file) {
  return existsSync(path.join(root, file)) ? readText(file) : '';
}

function build() {
  const tsc = path.join(root, 'node_modules/.bin/tsc');
  const { status } = spawnSync(tsc, ['-b', 'libs/errors', ...services], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('the packages could not be built');
}

if (!check) build();

const problems = [];
for (const document of documents) {
  try {
    const { file, text } = await document();
    if (text === currentText(file)) continue;
    if (check) problems.push(`${file} is not what the code says: run \`npm run docs\``);
    else {
      writeFileSync(path.join(root, file), text);
      console.log(`wrote ${file}`);
    }
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
}
finish(problems);
