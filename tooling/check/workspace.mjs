/**
 * Holds the project graph of TypeScript against the packages: a reference that is missing lets `tsc -b` build in the wrong
 * order and check against yesterday's declarations, and a project that the root does not list is not checked at all.
 */
import path from 'node:path';
import { filesBelow, finish, packageFolders, readJson } from './workspace-files.mjs';

const folders = packageFolders();
const manifests = new Map(folders.map((folder) => [folder, readJson(`${folder}/package.json`)]));
const folderOfPackage = new Map([...manifests].map(([folder, { name }]) => [name, folder]));
const projectNames = ['tsconfig.json', 'tsconfig.spec.json'];
const projects = filesBelow('.').filter(
  (file) => projectNames.includes(path.posix.basename(file)) && file.includes('/'),
);
const problems = [];

/** The projects that a tsconfig refers to, as paths of tsconfig files relative to the root. */
function referencesOf(project) {
  const { references = [] } = readJson(project);
  return references.map(({ path: to }) => {
    const target = path.posix.join(path.posix.dirname(project), to);
    return target.endsWith('.json') ? target : `${target}/tsconfig.json`;
  });
}

/** The projects that a package's tsconfig has to refer to, as its package.json has it. */
function expectedReferences(project) {
  const folder = path.posix.dirname(project);
  const { dependencies = {}, devDependencies = {} } = manifests.get(folder) ?? {};
  const isSpec = project.endsWith('tsconfig.spec.json');
  const names = Object.keys(isSpec ? { ...dependencies, ...devDependencies } : dependencies);
  const own = isSpec && projects.includes(`${folder}/tsconfig.json`) ? [`${folder}/tsconfig.json`] : [];
  return [
    ...own,
    ...names.filter((name) => folderOfPackage.has(name)).map((name) => `${folderOfPackage.get(name)}/tsconfig.json`),
  ];
}

const missing = (from, list, wanted) =>
  wanted.filter((entry) => !list.includes(entry)).map((entry) => `${from} lacks a reference to ${entry}`);

for (const project of projects.filter((file) => manifests.has(path.posix.dirname(file)))) {
  const [actual, expected] = [referencesOf(project), expectedReferences(project)];
  problems.push(...missing(project, actual, expected));
  for (const extra of actual.filter((entry) => !expected.includes(entry))) {
    problems.push(`${project} refers to ${extra}, which its package.json does not list as a dependency`);
  }
}

const built = projects.filter((file) => file !== 'tooling/eslint/tsconfig.json');
problems.push(...missing('tsconfig.json', referencesOf('tsconfig.json'), built));

for (const [folder, manifest] of manifests) {
  if (!projects.includes(`${folder}/tsconfig.spec.json`))
    problems.push(`${folder} has no tsconfig.spec.json: its tests have no types`);
  const expectedName = `@cloudtuner/${folder === 'deploy/local/servers' ? 'local-servers' : path.posix.basename(folder)}`;
  if (manifest.name !== expectedName) problems.push(`${folder}/package.json should be named ${expectedName}`);
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    const wanted = folderOfPackage.has(name) ? 'workspace:*' : 'catalog:';
    if (version !== wanted) problems.push(`${folder}/package.json: ${name} is "${version}", not "${wanted}"`);
  }
  const [condition] = Object.keys(manifest.exports?.['.'] ?? { source: '' });
  if (condition !== 'source')
    problems.push(`${folder}/package.json: "source" is not the first condition of its exports`);
}

finish(problems);
