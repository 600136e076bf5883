/**
 * The documents that repeat the code, written from it: libs/errors/ERRORS.md from the error catalogue, and the table of
 * environment variables in each service's README from its configuration. `--check` compares instead of writing.
 *
 * Reads the compiled packages; builds them first unless told that they are (`--check`, which the check runs after the types).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import prettier from 'prettier';
import { errorsDocument } from './errors-document.mjs';
import { environmentTable, replaceTable } from './environment-table.mjs';
import { finish, packageFolders, readText, root } from '../check/workspace-files.mjs';

const check = process.argv.includes('--check');
const require = createRequire(import.meta.url);
const services = packageFolders().filter((folder) => folder.startsWith('services/'));

/** Loads a compiled module of a package. */
function load(file) {
  const absolute = path.join(root, file);
  if (!existsSync(absolute)) throw new Error(`${file} is not there: it is made by \`npm run build\``);
  return require(absolute);
}

async function format(text) {
  const options = await prettier.resolveConfig(path.join(root, 'README.md'));
  return prettier.format(text, { ...options, parser: 'markdown' });
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
